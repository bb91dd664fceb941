"""How the labels of other people's captchas are found: in names, folders or files beside them, and which is meant."""
