"""A picture that is being drawn, and the paint that goes on it."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from captcha_core.sources.kernel import kernel
from captcha_core.sources.wild.dice import Dice

Colour = tuple[int, int, int]


@dataclass
class Picture:
    """A captcha in the making.

    Attributes:
        dice: Decides everything about it.
        text: What it shows.
        image: uint8 (H, W, 3).
        ink: uint8 (H, W), where the text is.
        page: Its main background colour.
        pen: Its main text colour.
    """

    dice: Dice
    text: str
    image: np.ndarray
    ink: np.ndarray = field(init=False)
    page: Colour = (255, 255, 255)
    pen: Colour = (0, 0, 0)

    def __post_init__(self) -> None:
        self.ink = np.zeros(self.image.shape[:2], dtype=np.uint8)

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self.image.shape[0])

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self.image.shape[1])


def new_picture(
    dice: Dice, text: str, height: tuple[int, int] = (22, 64), per_character: tuple[float, float] = (0.55, 0.95)
) -> Picture:
    """Return a black picture.

    Args:
        dice: Decides the size.
        text: To be shown.
        height: Least and greatest, in pixels.
        per_character: Least and greatest width for each character, as a share of the height.
    """
    tall = int(height[0] * (height[1] / height[0]) ** dice.unit())
    wide = tall * dice.between(*per_character) * (max(len(text), 2) + 0.4)
    width = int(min(max(wide, 1.3 * tall, 40), 350))
    return Picture(dice, text, np.zeros((tall, width, 3), dtype=np.uint8))


@kernel()
def _paint(image: np.ndarray, alpha: np.ndarray, red: int, green: int, blue: int, strength: int) -> None:
    for y in range(alpha.shape[0]):
        for x in range(alpha.shape[1]):
            share = alpha[y, x]
            if share:
                part = (share * strength) >> 8
                image[y, x, 0] += ((red - image[y, x, 0]) * part + 127) // 255
                image[y, x, 1] += ((green - image[y, x, 1]) * part + 127) // 255
                image[y, x, 2] += ((blue - image[y, x, 2]) * part + 127) // 255


@kernel()
def _paint_each(image: np.ndarray, alpha: np.ndarray, colours: np.ndarray, strength: int) -> None:
    for y in range(alpha.shape[0]):
        for x in range(alpha.shape[1]):
            share = alpha[y, x]
            if share:
                part = (share * strength) >> 8
                for c in range(3):
                    image[y, x, c] += ((int(colours[y, x, c]) - image[y, x, c]) * part + 127) // 255


@kernel()
def _paint_owned(image: np.ndarray, alpha: np.ndarray, owner: np.ndarray, palette: np.ndarray, strength: int) -> None:
    count = palette.shape[0]
    for y in range(alpha.shape[0]):
        for x in range(alpha.shape[1]):
            share = alpha[y, x]
            if share:
                part = (share * strength) >> 8
                number = owner[y, x] % count
                for c in range(3):
                    image[y, x, c] += ((palette[number, c] - image[y, x, c]) * part + 127) // 255


def paint(image: np.ndarray, alpha: np.ndarray, colour: Any, opacity: float = 1.0) -> None:
    """Lay a colour over an image.

    Args:
        image: uint8 (H, W, 3), changed in place.
        alpha: uint8 (H, W), how much of the colour is laid on.
        colour: Three levels, or uint8 (H, W, 3).
        opacity: Factor for all of it.
    """
    strength = int(256 * opacity)
    if isinstance(colour, np.ndarray):
        _paint_each(image, alpha, colour, strength)
    else:
        _paint(image, alpha, int(colour[0]), int(colour[1]), int(colour[2]), strength)


def paint_each(image: np.ndarray, alpha: np.ndarray, owner: np.ndarray, palette: list[Colour], opacity: float) -> None:
    """Lay colours over an image, each where its owner is; see :func:`paint`."""
    _paint_owned(image, alpha, owner, np.array(palette, dtype=np.int64), int(256 * opacity))
