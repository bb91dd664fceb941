"""Captchas that somebody else's program draws: out of process, asked line by line."""
