"""The `captcha` package itself: the yardstick of the renderer. It cannot be seeded, but it can be handed its draws."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import captcha.image
import numpy as np
from captcha.image import ImageCaptcha

from captcha_core.errors import SpecError
from captcha_core.media.image import encode_png
from captcha_core.sources.generate import texts
from captcha_core.sources.image_render import package_bits
from captcha_core.sources.image_schemes import ImageKnobs
from captcha_core.sources.raster.fonts import font_path
from captcha_core.sources.raster.picture import EACH, HEAD
from captcha_core.sources.scheme import Scheme
from captcha_core.spec.sample import Sample

OWN_KNOBS = {"fonts", "font_sizes_px", "rotate_deg", "stretch_x", "stretch_y", "space_probability", "overlap"}


def draw_reference(scheme: Scheme, labels: Sequence[str]) -> np.ndarray:
    """Draw pictures with the package and its own randomness.

    Args:
        scheme: One that the package can draw.
        labels: One for each picture.

    Returns:
        uint8 (B, H, W, C).

    Raises:
        SpecError: If the scheme asks for what the package does not have.
    """
    painter = _painter(scheme)
    return np.stack([_draw(painter, scheme, label) for label in labels])


def replay_reference(scheme: Scheme, seed: int, indices: range, labels: Sequence[str]) -> np.ndarray:
    """Draw pictures with the package and the renderer's draws: what ``draw_batch`` ought to give. Not for threads."""
    painter, knobs = _painter(scheme), scheme.knobs
    assert isinstance(knobs, ImageKnobs)
    pictures = []
    for bits, label in zip(package_bits(knobs, seed, indices, labels), labels, strict=True):
        with _replayed(_in_package_order(bits.tolist(), len(label), knobs)):
            pictures.append(_draw(painter, scheme, label))
    return np.stack(pictures)


def reference_samples(scheme: Scheme, count: int, seed: int = 0) -> list[Sample]:
    """Draw labelled PNG files with the package. The seed gives the labels alone."""
    labels = texts(scheme, seed, range(count))
    origin = {"source": "captcha package", "scheme": scheme.name}
    return [
        Sample(encode_png(picture), label, f"{index:07d}_{label}.png", {**origin, "index": index})
        for index, (picture, label) in enumerate(zip(draw_reference(scheme, labels), labels, strict=True))
    ]


def check_knobs(scheme: Scheme) -> ImageKnobs:
    """Return the knobs of a scheme that the package can draw.

    Raises:
        SpecError: If the scheme asks for what the package does not have.
    """
    knobs = scheme.knobs
    if not isinstance(knobs, ImageKnobs):
        raise SpecError(f"expected an image scheme, received {scheme.name}; see the audio reference.")
    defaults = ImageKnobs()
    foreign = [
        name
        for name in ImageKnobs.model_fields
        if name not in OWN_KNOBS and getattr(knobs, name) != getattr(defaults, name)
    ]
    if foreign:
        raise SpecError(
            f"expected a scheme that the captcha package can draw, received {scheme.name}, which sets "
            f"{', '.join(foreign)}; take digits4, alnum4 or alnum6."
        )
    return knobs


def _painter(scheme: Scheme) -> ImageCaptcha:
    knobs = check_knobs(scheme)
    height, width = scheme.spec.size_px
    painter = ImageCaptcha(width, height, [str(font_path(name)) for name in knobs.fonts], knobs.font_sizes_px)
    painter.character_rotate = (-knobs.rotate_deg, knobs.rotate_deg)  # type: ignore[assignment]
    painter.character_warp_dx = (0.1, 0.1 + knobs.stretch_x)
    painter.character_warp_dy = (0.2, 0.2 + knobs.stretch_y)
    painter.word_space_probability = knobs.space_probability
    painter.word_offset_dx = knobs.overlap
    return painter


def _draw(painter: ImageCaptcha, scheme: Scheme, label: str) -> np.ndarray:
    picture = painter.generate_image(label)
    pixels = np.asarray(picture if scheme.spec.channels == 3 else picture.convert("L"))
    return pixels.reshape(scheme.spec.shape)


def _in_package_order(bits: list[int], count: int, knobs: ImageKnobs) -> list[int]:
    """Return a picture's draws as the package asks for them: gaps it does not take are left out, moves come last."""
    draws, moves = bits[:HEAD], []
    for place in range(count):
        slots = bits[HEAD + EACH * place : HEAD + EACH * (place + 1)]
        draws.append(slots[0])
        if slots[0] / 2**32 > knobs.space_probability:
            draws += slots[1:11]
            moves.append(slots[21])
        draws += slots[11:21]
        moves.append(slots[22])
    return draws + moves + bits[HEAD + EACH * count :]


class _Replay:
    """Stands in for the module ``secrets``: hands out given 32-bit draws in turn."""

    def __init__(self, draws: Sequence[int]) -> None:
        self._draws = iter(draws)

    def randbelow(self, count: int) -> int:
        return (next(self._draws) * count) >> 32

    def randbits(self, bits: int) -> int:
        return next(self._draws) >> (32 - bits)

    def choice(self, options: Sequence[Any]) -> Any:
        return options[self.randbelow(len(options))]


@contextmanager
def _replayed(draws: Sequence[int]) -> Iterator[None]:
    genuine = captcha.image.secrets
    captcha.image.secrets = _Replay(draws)  # type: ignore[assignment]
    try:
        yield
    finally:
        captcha.image.secrets = genuine
