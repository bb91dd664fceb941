"""wheezy.captcha: letters that are warped, turned and moved, behind a curve and dots."""

import random
import string

PIP = ["wheezy.captcha==3.2.2", "pillow==13.0.0"]
SETTINGS = {
    "default": {"font": "{font}"},
    "hardest": {"font": "{font}", "length": 6, "angle": 45, "curves": 4, "dots": 300},
}
ALPHABET = string.digits + string.ascii_uppercase


def draw(font, length=4, angle=25, curves=1, dots=50):
    """Return a text and its picture, drawn as the package's documentation does."""
    from wheezy.captcha.image import background, captcha, curve, noise, offset, rotate, smooth, text, warp

    letters = text(fonts=[font], drawings=[warp(), rotate(angle), offset()])
    lines = [curve() for _ in range(curves)]
    said = "".join(random.choices(ALPHABET, k=length))
    return said, captcha([background(), letters, *lines, noise(dots), smooth()])(said)
