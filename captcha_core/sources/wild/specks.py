"""Small marks: dots, salt and pepper, grain, stars and small characters."""

import string
from functools import cache

import cv2
import numpy as np

from captcha_core.sources.wild.glyphs import HERSHEY, STROKES, glyph
from captcha_core.sources.wild.picture import Colour, Picture, paint

MARKS = "*+.o~x"
NOISE_SIDE_PX = 512


def pepper(picture: Picture, share: float, colours: list[Colour]) -> None:
    """Set single pixels."""
    dice, count = picture.dice, int(share * picture.width * picture.height)
    places = dice.units(2 * count).reshape(2, count)
    ys, xs = (places[0] * picture.height).astype(np.intp), (places[1] * picture.width).astype(np.intp)
    part = max(1, count // len(colours) + 1)
    for number, colour in enumerate(colours):
        some = slice(number * part, (number + 1) * part)
        picture.image[ys[some], xs[some]] = colour


def dots(picture: Picture, count: int, colours: list[Colour], radius: tuple[int, int] = (1, 1)) -> None:
    """Draw small discs."""
    dice, smooth = picture.dice, cv2.LINE_AA if picture.dice.chance(0.7) else cv2.LINE_8
    for _ in range(count):
        place = (dice.whole(0, picture.width), dice.whole(0, picture.height))
        cv2.circle(picture.image, place, dice.whole(*radius), dice.pick(colours), -1, smooth)


def marks(picture: Picture, count: int, colours: list[Colour], size_px: tuple[int, int], marks: str = MARKS) -> None:
    """Scatter small signs or characters."""
    dice, font = picture.dice, f"{STROKES}/{picture.dice.whole(0, len(HERSHEY) - 1)}/0.05"
    for _ in range(count):
        mask = glyph(font, dice.whole(*size_px), dice.pick(marks)).mask
        top, left = dice.whole(0, picture.height - 2), dice.whole(0, picture.width - 2)
        part = picture.image[top : top + mask.shape[0], left : left + mask.shape[1]]
        paint(part, mask[: part.shape[0], : part.shape[1]], dice.pick(colours))


def small_text(picture: Picture, count: int, colours: list[Colour]) -> None:
    """Scatter small letters and digits, faint beside the text."""
    size = max(7, picture.height // 5)
    marks(picture, count, colours, (size, size + 4), string.ascii_letters + string.digits)


def grain(picture: Picture, strength: float, grey: bool = True, size: int = 1) -> None:
    """Add noise to every pixel.

    Args:
        picture: Changed in place.
        strength: Standard deviation, in levels.
        grey: The same for all three primaries.
        size: Of the grains in pixels.
    """
    dice, rows, columns = picture.dice, -(-picture.height // size), -(-picture.width // size)
    top, left = dice.whole(0, NOISE_SIDE_PX - rows), dice.whole(0, NOISE_SIDE_PX - columns)
    noise = _noise()[top : top + rows, left : left + columns]
    noise = (noise * np.float32(strength / 32)).astype(np.int16)
    if grey:
        noise = cv2.merge([np.ascontiguousarray(noise[..., 0])] * 3)
    if size > 1:
        noise = cv2.resize(noise, (picture.width, picture.height), interpolation=cv2.INTER_LINEAR)
    picture.image = cv2.add(picture.image, noise, dtype=cv2.CV_8U)


@cache
def _noise() -> np.ndarray:
    """Return int16 (H, W, 3), normal noise with a standard deviation of 32."""
    generator = np.random.default_rng(20)
    return (generator.standard_normal((NOISE_SIDE_PX, NOISE_SIDE_PX, 3)) * 32).astype(np.int16)
