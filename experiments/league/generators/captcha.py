"""captcha: ImageCaptcha, digits and letters on dots and an arc."""

import random
import string

PIP = ["captcha==0.7.1", "pillow==13.0.0"]
SETTINGS = {
    "default": {},
    "hardest": {"length": 6, "rotate": 60, "warp": 0.5, "offset": 0.5},
}
ALPHABET = string.digits + string.ascii_uppercase


def draw(length=4, rotate=None, warp=None, offset=None):
    """Return a text and its picture, drawn with a look that the package seeds from the system."""
    from captcha.image import ImageCaptcha

    painter = ImageCaptcha()
    if rotate is not None:
        painter.character_rotate = (-rotate, rotate)
        painter.character_warp_dx = painter.character_warp_dy = (0.1, warp)
        painter.word_offset_dx = offset
    text = "".join(random.choices(ALPHABET, k=length))
    return text, painter.generate(text)
