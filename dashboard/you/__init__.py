"""The page You against the model."""
