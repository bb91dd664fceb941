"""CaptchaGen: letters and digits of a folder's fonts, at its hardest turned, coloured and behind dots and lines."""

from pathlib import Path

PIP = ["CaptchaGen==0.1.0", "pillow==13.0.0"]
SETTINGS = {
    "default": {"font": "{font}"},
    "hardest": {
        "font": "{font}", "rotate": True, "noise": True, "random_color": True, "dot_count": 400, "line_count": 16,
        "min_len": 6, "max_len": 8,
    },
}  # fmt: skip


def draw(font, **settings):
    """Return a text and its picture."""
    from CaptchaGen import CaptchaConfig, CaptchaGenerator

    class OneFont(CaptchaGenerator):
        def _load_fonts(self, font_dir):
            return [font_dir]

    picture, text = OneFont(str(Path(font)), CaptchaConfig(**settings)).generate()
    return text, picture
