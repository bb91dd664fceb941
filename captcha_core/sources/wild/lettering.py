"""How the ink of a text looks: filled, hollow, embossed, shadowed, of dots, cut by a stencil."""

from collections.abc import Sequence
from functools import cache

import cv2
import numpy as np

from captcha_core.sources.wild.dice import Dice
from captcha_core.sources.wild.layout import Layer
from captcha_core.sources.wild.picture import Colour, Picture, paint, paint_each

CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
SQUARE = np.ones((3, 3), dtype=np.uint8)


def fill(picture: Picture, layer: Layer, colours: Sequence[Colour], opacity: float = 1.0) -> None:
    """Paint a text in one colour, or in one for each character."""
    np.maximum(picture.ink, layer.alpha, out=picture.ink)
    if len(colours) > 1:
        paint_each(picture.image, layer.alpha, layer.owner, list(colours), opacity)
    else:
        paint(picture.image, layer.alpha, colours[0], opacity)


def gradient_fill(picture: Picture, layer: Layer, first: Colour, second: Colour) -> None:
    """Paint a text from one colour at the left or top to another at the right or bottom."""
    np.maximum(picture.ink, layer.alpha, out=picture.ink)
    paint(picture.image, layer.alpha, blend_over(picture, first, second))


def blend_over(picture: Picture, first: Colour, second: Colour) -> np.ndarray:
    """Return uint8 (H, W, 3) that goes from one colour to another, across or down."""
    across = picture.dice.chance(0.5)
    ends = np.array([[first, second]], dtype=np.uint8)
    strip = ends if across else ends.transpose(1, 0, 2)
    return cv2.resize(strip, (picture.width, picture.height), interpolation=cv2.INTER_LINEAR)


def outline(layer: Layer, thick: bool = False) -> Layer:
    """Return the outline of a text."""
    grown = cv2.dilate(layer.alpha, SQUARE if thick else CROSS)
    return layer._replace(alpha=cv2.subtract(grown, cv2.erode(layer.alpha, CROSS) if thick else layer.alpha))


def grown(layer: Layer, by: int) -> Layer:
    """Return a bolder text."""
    return layer._replace(alpha=cv2.dilate(layer.alpha, CROSS, iterations=by))


def softened(layer: Layer, sigma: float) -> Layer:
    """Return a text with blurred edges."""
    return layer._replace(alpha=cv2.GaussianBlur(layer.alpha, (0, 0), sigma))


def moved(layer: Layer, right: int, down: int) -> Layer:
    """Return a text at another place; what leaves the picture is lost."""
    return layer._replace(alpha=_moved(layer.alpha, right, down))


def _moved(alpha: np.ndarray, right: int, down: int) -> np.ndarray:
    height, width = alpha.shape
    out = np.zeros_like(alpha)
    out[max(0, down) : height + min(0, down), max(0, right) : width + min(0, right)] = alpha[
        max(0, -down) : height + min(0, -down), max(0, -right) : width + min(0, -right)
    ]
    return out


def shadow(picture: Picture, layer: Layer, colour: Colour, soft: bool) -> None:
    """Paint a shadow of a text, to be covered by the text itself."""
    dice, far = picture.dice, max(1, round(picture.height / 22))
    cast = moved(layer, dice.sign() * dice.whole(1, far), dice.whole(0, far) or 1)
    paint(picture.image, (softened(cast, 1.2) if soft else cast).alpha, colour, dice.between(0.4, 1))


def emboss(picture: Picture, layer: Layer, face: Colour, strength: float) -> None:
    """Paint a text that stands out by a lit and a shaded edge."""
    np.maximum(picture.ink, layer.alpha, out=picture.ink)
    paint(picture.image, cv2.subtract(_moved(layer.alpha, -1, -1), layer.alpha), (255, 255, 255), strength)
    paint(picture.image, cv2.subtract(_moved(layer.alpha, 1, 1), layer.alpha), (0, 0, 0), strength)
    paint(picture.image, layer.alpha, face, 0.5 * strength)


def stencilled(dice: Dice, layer: Layer) -> Layer:
    """Return a text cut by parallel bars."""
    height, width = layer.alpha.shape
    step, slope = max(5, int(layer.size_px * dice.between(0.2, 0.4))), dice.pick((0.0, 0.0, 1.0, -1.0, 0.5))
    rows, columns = np.arange(height)[:, None], np.arange(width)[None, :]
    bars = (rows + columns * slope if dice.chance(0.7) else columns + 0 * rows) % step < max(1.0, step / 7)
    return layer._replace(alpha=np.where(bars, np.uint8(0), layer.alpha))


def dotted(dice: Dice, layer: Layer) -> Layer:
    """Return a text that is made of dots in a grid, or of hatching."""
    step = 2 if layer.size_px < 26 else dice.whole(2, 4)
    pattern = _pattern(dice.whole(0, 3), step)
    height, width = layer.alpha.shape
    tiled = np.tile(pattern, (height // len(pattern) + 1, width // len(pattern) + 1))[:height, :width]
    return layer._replace(alpha=np.minimum(layer.alpha, tiled))


@cache
def _pattern(kind: int, step: int) -> np.ndarray:
    size = 2 * step
    rows, columns = np.arange(size)[:, None], np.arange(size)[None, :]
    kept = (
        (rows % step < (step + 1) // 2) & (columns % step < (step + 1) // 2),
        (rows + columns) % step < (step + 1) // 2,
        (rows % step < (step + 1) // 2) & (columns >= 0),
        (rows // (step // 2) + columns // (step // 2)) % 2 == 0,
    )[kind]
    return np.where(kept, np.uint8(255), np.uint8(0))


def worn(dice: Dice, layer: Layer, share: float) -> Layer:
    """Return a text from which specks are missing."""
    holes = dice.units(layer.alpha.size).reshape(layer.alpha.shape) < share
    return layer._replace(alpha=np.where(holes, np.uint8(0), layer.alpha))
