"""The `captcha` package's own ImageCaptcha as a source: the yardstick for the renderer and for every image model."""

import secrets
from collections.abc import Iterator

import numpy as np

from captcha_core.media.image import encode_png
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample


def draw_samples(spec: CaptchaSpec, count: int) -> Iterator[Sample]:
    """Yield pictures as ImageCaptcha draws them with its default settings. They cannot be seeded.

    It draws some 300 to 700 a second on one core.
    """
    from captcha.image import ImageCaptcha

    height, width = spec.size_px
    captcha = ImageCaptcha(width=width, height=height)
    for index in range(count):
        length = spec.min_length + secrets.randbelow(spec.max_length - spec.min_length + 1)
        text = "".join(secrets.choice(spec.alphabet) for _ in range(length))
        picture = captcha.generate_image(text).convert("RGB" if spec.channels == 3 else "L")
        yield Sample(encode_png(np.asarray(picture), 1), text, f"{index:07d}_{text}.png", {"source": "captcha"})
