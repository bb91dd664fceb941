"""easy-captcha-python: a port of Java's EasyCaptcha: letters, sums, Chinese characters and moving pictures."""

import io

PIP = ["easy-captcha-python==1.0.0", "pillow==13.0.0"]
SETTINGS = {
    "default": {"kind": "SpecCaptcha"},
    "hardest": {"kind": "SpecCaptcha", "length": 8, "width": 200, "font": 3},
    "sums": {"kind": "ArithmeticCaptcha"},
    "animated": {"kind": "GifCaptcha"},
}


def draw(kind, length=None, width=130, font=None):
    """Return a text and its picture; of a sum the text that is to be worked out."""
    import easy_captcha

    more = {} if length is None else {"length": length}
    painter = getattr(easy_captcha, kind)(width=width, height=48, **more)
    if font is not None:
        painter.set_font(font, 32)
    file = io.BytesIO()
    painter.out(file)
    return painter.get_arithmetic_string() if kind == "ArithmeticCaptcha" else painter.text(), file.getvalue()
