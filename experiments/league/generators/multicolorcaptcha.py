"""multicolorcaptcha: characters in random colours on random colours, struck through, in five levels of difficulty."""

PIP = ["multicolorcaptcha==1.2.0", "pillow==13.0.0"]
SETTINGS = {
    "default": {},
    "hardest": {"difficult_level": 5, "chars_mode": "ascii", "multicolor": True},
    "sums": {"sums": True, "allow_multiplication": True},
}


def draw(sums=False, **settings):
    """Return a text and its picture."""
    from multicolorcaptcha import CaptchaGenerator

    painter = CaptchaGenerator(2)
    if sums:
        found = painter.gen_math_captcha_image(**settings)
        return found["equation_str"].replace(" ", ""), found["image"]
    found = painter.gen_captcha_image(**settings)
    return found["characters"], found["image"]
