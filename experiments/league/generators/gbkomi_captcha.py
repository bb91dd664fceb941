"""gbkomi-captcha: digits on a gradient, along a wave, behind lines and dots."""

PIP = ["gbkomi-captcha==0.1.2", "redis==8.1.0", "pillow==13.0.0"]
SETTINGS = {
    "default": {},
    "hardest": {"length": 6, "charset": "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", "distortion_strength": 6.0},
}


def draw(**settings):
    """Return a text and its picture."""
    from gbkomi_captcha import CaptchaGenerator

    picture, text = CaptchaGenerator({**settings, "width": 40 * settings.get("length", 4)}).generate()
    return text, picture
