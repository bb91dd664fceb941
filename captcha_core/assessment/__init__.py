"""How hard is this captcha? Attackers by what they pay, what they get, and what would make it harder."""
