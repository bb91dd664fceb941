"""Captchas in the manner of all kinds of sites: the stream that the universal reader is trained on."""
