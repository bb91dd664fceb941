"""claptcha: a text morphed as a whole, struck through by a line, at its hardest in snow."""

import random
import string

PIP = ["claptcha==0.3.3", "pillow==9.5.0"]
SETTINGS = {
    "default": {"font": "{font}"},
    "hardest": {"font": "{font}", "length": 6, "noise": 0.8},
}


def draw(font, length=4, noise=0.0):
    """Return a text and its picture."""
    from claptcha import Claptcha

    text = "".join(random.choices(string.ascii_uppercase + string.digits, k=length))
    return text, Claptcha(text, font, noise=noise).image[1]
