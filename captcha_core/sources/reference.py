"""Samples drawn by the `captcha` package itself: what our renderer and mixer are measured by. They cannot be seeded."""

import secrets
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from captcha_core.errors import SpecError
from captcha_core.media.image import encode_png
from captcha_core.sources.audio_captcha import RATE_HZ
from captcha_core.sources.audio_knobs import AudioKnobs
from captcha_core.sources.raster.fonts import font_path
from captcha_core.sources.raster.knobs import ImageKnobs
from captcha_core.sources.scheme import Scheme
from captcha_core.spec.sample import Sample

if TYPE_CHECKING:
    from captcha.audio import AudioCaptcha
    from captcha.image import ImageCaptcha

PACKAGE_KNOBS = {"fonts", "font_sizes_px", "rotate_deg", "stretch_x", "stretch_y", "space_probability", "overlap"}


def draw_reference(scheme: Scheme, count: int) -> list[Sample]:
    """Return fresh samples of a scheme as the package draws them: PNG, or WAV of 8 bits at 8,000 Hz.

    The package makes 2 to 6 clips a second, so ask for no more than are needed.

    Raises:
        SpecError: If the package cannot draw this scheme.
    """
    check_drawable(scheme)
    spec = scheme.spec
    lengths = [spec.min_length + secrets.randbelow(spec.max_length - spec.min_length + 1) for _ in range(count)]
    texts = ["".join(secrets.choice(spec.alphabet) for _ in range(length)) for length in lengths]
    if spec.media == "audio":
        origin = {"source": "captcha", "rate_hz": RATE_HZ}
        return [Sample(speak(text), text, f"{at:07d}_{text}.wav", dict(origin)) for at, text in enumerate(texts)]
    origin = {"source": "captcha package", "scheme": scheme.name}
    return [
        Sample(encode_png(picture), text, f"{at:07d}_{text}.png", {**origin, "index": at})
        for at, (picture, text) in enumerate(zip(draw_pictures(scheme, texts), texts, strict=True))
    ]


def draw_pictures(scheme: Scheme, labels: Sequence[str]) -> np.ndarray:
    """Draw a picture of each label with the package and its own randomness: uint8 (B, H, W, C).

    Raises:
        SpecError: If the package cannot draw this scheme.
    """
    painter, spec = _painter(scheme), scheme.spec
    pictures = [painter.generate_image(label) for label in labels]
    levels = [np.asarray(picture if spec.channels == 3 else picture.convert("L")) for picture in pictures]
    return np.stack([level.reshape(spec.shape) for level in levels])


def speak(text: str) -> bytes:
    """Return one WAV file of the text, as AudioCaptcha writes it."""
    return bytes(_audio_captcha().generate(text.upper()))


def is_drawable(scheme: Scheme) -> bool:
    """Return whether the package can draw this scheme."""
    try:
        check_drawable(scheme)
    except SpecError:
        return False
    return True


def check_drawable(scheme: Scheme) -> None:
    """Raise SpecError if the scheme asks for what the package does not have."""
    if scheme.knobs == AudioKnobs(layout="captcha"):
        return
    foreign = "other knobs"
    if isinstance(scheme.knobs, ImageKnobs):
        defaults, names = ImageKnobs(), [name for name in ImageKnobs.model_fields if name not in PACKAGE_KNOBS]
        foreign = ", ".join(name for name in names if getattr(scheme.knobs, name) != getattr(defaults, name))
    if foreign:
        raise SpecError(
            f"expected a scheme that the captcha package can draw, received {scheme.name}, which sets {foreign}; take "
            "digits4, alnum4, alnum6, audio-digits or audio-alnum."
        )


def _painter(scheme: Scheme) -> "ImageCaptcha":
    from captcha.image import ImageCaptcha

    check_drawable(scheme)
    knobs = scheme.knobs
    assert isinstance(knobs, ImageKnobs)
    height, width = scheme.spec.size_px
    painter = ImageCaptcha(width, height, [str(font_path(name)) for name in knobs.fonts], knobs.font_sizes_px)
    painter.character_rotate = (-knobs.rotate_deg, knobs.rotate_deg)  # type: ignore[assignment]
    painter.character_warp_dx = (0.1, 0.1 + knobs.stretch_x)
    painter.character_warp_dy = (0.2, 0.2 + knobs.stretch_y)
    painter.word_space_probability = knobs.space_probability
    painter.word_offset_dx = knobs.overlap
    return painter


@lru_cache(maxsize=1)
def _audio_captcha() -> "AudioCaptcha":
    from captcha.audio import AudioCaptcha

    return AudioCaptcha()
