"""light-captcha: six digits, English or Persian, along a wave, with curves."""

import base64
import random

PIP = ["light-captcha==0.0.5", "pillow==13.0.0"]
SETTINGS = {
    "default": {},
    "hardest": {"language": "persian"},
}
PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")


def draw(seed, index, language="english"):
    """Return a text and its picture; the package seeds itself with the clock, which is set here."""
    from light_captcha import CaptchaGenerator, generator

    now = random.Random(seed * 7919 + index).random() * 1e3
    generator.time = type("Clock", (), {"time": staticmethod(lambda: now)})
    found = CaptchaGenerator().generate(language=language)
    code = str(found.code).translate(PERSIAN if language == "persian" else {})
    return code, base64.b64decode(found.base64.rpartition(",")[2])
