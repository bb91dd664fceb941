"""Captcha generators of other people, measured: each in an environment of its own, a file each in ``generators/``."""
