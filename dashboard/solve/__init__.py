"""Solving uploaded and drawn captchas."""
