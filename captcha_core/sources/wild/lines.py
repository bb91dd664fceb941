"""Lines, curves, arcs and grids, under the text or over it."""

import cv2
import numpy as np

from captcha_core.sources.wild.dice import Dice
from captcha_core.sources.wild.picture import Colour, Picture

SUBPIXEL = 3  # bits after the point in coordinates of smooth curves


def lines(
    picture: Picture, count: int, colours: list[Colour], width: tuple[int, int] = (1, 1), smooth: bool = True
) -> None:
    """Draw straight lines from anywhere to anywhere, or from side to side."""
    dice, (wide, tall) = picture.dice, (picture.width, picture.height)
    across = dice.chance(0.5)
    for _ in range(count):
        start = (dice.whole(-4, wide // 4 if across else wide), dice.whole(0, tall))
        end = (dice.whole(wide * 3 // 4, wide + 4) if across else dice.whole(0, wide), dice.whole(0, tall))
        _line(picture.image, start, end, dice.pick(colours), dice.whole(*width), smooth)


def dashes(picture: Picture, count: int, colours: list[Colour], longest: int = 12, smooth: bool = False) -> None:
    """Draw short lines all over the picture."""
    dice = picture.dice
    for _ in range(count):
        x, y = dice.whole(0, picture.width), dice.whole(0, picture.height)
        end = (x + dice.whole(-longest, longest), y + dice.whole(-longest, longest))
        _line(picture.image, (x, y), end, dice.pick(colours), 1, smooth)


def _line(
    image: np.ndarray, start: tuple[int, int], end: tuple[int, int], colour: Colour, width: int, smooth: bool
) -> None:
    cv2.line(image, start, end, colour, width, cv2.LINE_AA if smooth else cv2.LINE_8)


def curve(picture: Picture, colour: Colour, width: int = 1, full: bool = True, smooth: bool = True) -> None:
    """Draw a curve from side to side: a sine, or a bow through three or four points."""
    dice = picture.dice
    steps = np.linspace(0.0, 1.0, 28)
    span = (0.0, 1.0) if full else (dice.between(0, 0.3), dice.between(0.7, 1))
    xs = (span[0] + (span[1] - span[0]) * steps) * picture.width
    ys = _sine(dice, steps) if dice.chance(0.5) else _bow(dice, steps)
    points = np.stack([xs, ys * picture.height], axis=1)
    scaled = (points * (1 << SUBPIXEL)).astype(np.int32).reshape(-1, 1, 2)
    cv2.polylines(picture.image, [scaled], False, colour, width, cv2.LINE_AA if smooth else cv2.LINE_8, SUBPIXEL)


def _sine(dice: Dice, steps: np.ndarray) -> np.ndarray:
    middle, height = dice.between(0.35, 0.65), dice.between(0.08, 0.35)
    return middle + height * np.sin(steps * dice.between(3, 14) + dice.between(0, 6.3))


def _bow(dice: Dice, steps: np.ndarray) -> np.ndarray:
    a, b, c, d = (dice.between(0, 1) for _ in range(4))
    left = 1 - steps
    return np.asarray(left**3 * a + 3 * left**2 * steps * b + 3 * left * steps**2 * c + steps**3 * d)


def arcs(picture: Picture, count: int, colours: list[Colour], width: int = 1, smooth: bool = True) -> None:
    """Draw parts of ellipses."""
    dice = picture.dice
    for _ in range(count):
        centre = (dice.whole(0, picture.width), dice.whole(0, picture.height))
        axes = (dice.whole(5, max(6, picture.width // 2)), dice.whole(4, picture.height))
        start = dice.whole(0, 360)
        cv2.ellipse(
            picture.image, centre, axes, dice.whole(0, 180), start, start + dice.whole(40, 300), dice.pick(colours),
            width, cv2.LINE_AA if smooth else cv2.LINE_8,
        )  # fmt: skip


def circles(picture: Picture, count: int, colours: list[Colour], filled: bool = False) -> None:
    """Draw whole circles, as rings or as discs."""
    dice, most = picture.dice, max(4, picture.height // 3)
    for _ in range(count):
        centre = (dice.whole(0, picture.width), dice.whole(0, picture.height))
        cv2.circle(picture.image, centre, dice.whole(2, most), dice.pick(colours), -1 if filled else 1, cv2.LINE_AA)


def grid(picture: Picture, colour: Colour, step_px: tuple[int, int], slanted: bool = False, width: int = 1) -> None:
    """Draw a grid of lines, upright or slanted."""
    dice, step = picture.dice, picture.dice.whole(*step_px)
    slope = dice.whole(-picture.height, picture.height) if slanted else 0
    first = dice.whole(0, step)
    for x in range(first - abs(slope), picture.width + abs(slope), step):
        cv2.line(picture.image, (x, 0), (x + slope, picture.height), colour, width)
    rise = slope // 3
    for y in range(first - abs(rise), picture.height + abs(rise), step):
        cv2.line(picture.image, (0, y), (picture.width, y + rise), colour, width)


def frame(picture: Picture, colour: Colour, width: int = 1) -> None:
    """Draw a frame at the border."""
    cv2.rectangle(picture.image, (0, 0), (picture.width - 1, picture.height - 1), colour, width)
