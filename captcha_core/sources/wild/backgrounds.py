"""What lies behind the text: flat colours, gradients, clouds, tiles, photograph-like scenes."""

from functools import cache

import cv2
import numpy as np

from captcha_core.sources.wild import colours
from captcha_core.sources.wild.dice import Dice
from captcha_core.sources.wild.lettering import blend_over
from captcha_core.sources.wild.picture import Colour, Picture

CLOUD_SIDE_PX = 512
SCENES, SCENE_PX = 48, (160, 440)


def flat(picture: Picture, colour: Colour) -> None:
    """Paint the page in one colour."""
    picture.page = colour
    cv2.rectangle(picture.image, (0, 0), (picture.width, picture.height), colour, -1)


def gradient(picture: Picture, first: Colour, second: Colour) -> None:
    """Paint the page from one colour to another."""
    picture.page = colours.between(first, second, 0.5)
    picture.image = blend_over(picture, first, second)


def clouds(picture: Picture, first: Colour, second: Colour, zoom: float = 1.0) -> None:
    """Paint smooth noise between two colours; a larger zoom makes larger clouds."""
    picture.page = colours.between(first, second, 0.5)
    ramp = np.linspace(first, second, 256).astype(np.uint8).reshape(1, 256, 3)
    shades = _window(picture.dice, _clouds(), picture.height, picture.width, zoom)
    picture.image = cv2.applyColorMap(cv2.cvtColor(shades, cv2.COLOR_GRAY2BGR), ramp.reshape(256, 1, 3))


def tiles(picture: Picture, first: Colour, second: Colour) -> None:
    """Paint a chessboard, stripes or rays."""
    dice, step = picture.dice, picture.dice.whole(3, max(6, picture.height // 3))
    rows, columns = np.arange(picture.height)[:, None], np.arange(picture.width)[None, :]
    kind = dice.whole(0, 3)
    if kind == 0:
        cells = (rows // step + columns // step) % 2
    elif kind == 1:
        cells = ((rows * dice.pick((0, 1, 1, 2)) + columns * dice.pick((0, 1, -1))) // step) % 2
    elif kind == 2:
        angles = np.arctan2(rows - dice.whole(0, picture.height), columns - dice.whole(0, picture.width))
        cells = (angles * dice.whole(4, 12) / np.pi).astype(int) % 2
    else:
        far = np.hypot(rows - picture.height // 2, columns - dice.whole(0, picture.width))
        cells = (far // step).astype(int) % 2
    picture.page = colours.between(first, second, 0.5)
    palette = np.array([first, second], dtype=np.uint8)
    picture.image = palette[np.broadcast_to(cells.astype(np.intp), picture.image.shape[:2])]


def scene(picture: Picture, wash: float, page: Colour) -> None:
    """Paint a part of a photograph-like scene, washed out towards a colour by some share."""
    dice = picture.dice
    part = _window(dice, _scene(dice.whole(0, SCENES - 1)), picture.height, picture.width, dice.between(0.6, 2.5))
    veil = np.empty_like(part)
    veil[:] = page
    picture.image = cv2.addWeighted(part, 1 - wash, veil, wash, 0)
    picture.page = page


def _window(dice: Dice, source: np.ndarray, height: int, width: int, zoom: float) -> np.ndarray:
    rows = min(source.shape[0], max(2, int(height / zoom)))
    columns = min(source.shape[1], max(2, int(width / zoom)))
    top, left = dice.whole(0, source.shape[0] - rows), dice.whole(0, source.shape[1] - columns)
    return np.asarray(cv2.resize(source[top : top + rows, left : left + columns], (width, height)))


@cache
def _clouds() -> np.ndarray:
    return _octaves(np.random.default_rng(21), (CLOUD_SIDE_PX, CLOUD_SIDE_PX), 7)


def _octaves(generator: np.random.Generator, size: tuple[int, int], octaves: int) -> np.ndarray:
    """Return uint8 (H, W): noise of many scales, the large ones strongest."""
    total = np.zeros(size, dtype=np.float32)
    for octave in range(1, octaves + 1):
        coarse = generator.standard_normal((2**octave, 2**octave)).astype(np.float32)
        total += cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC) * 0.62**octave
    low, high = np.percentile(total, (1, 99))
    return np.asarray(np.clip((total - low) / (high - low) * 255, 0, 255), dtype=np.uint8)


@cache
def _scene(number: int) -> np.ndarray:
    """Return uint8 (H, W, 3): clouds in three colours, with soft and hard shapes before them."""
    generator = np.random.default_rng([22, number])
    layers = [_octaves(generator, SCENE_PX, int(generator.integers(3, 9))) for _ in range(2)]
    palette = generator.integers(0, 256, (3, 3)).astype(np.float32)
    share, other = (layer[..., None].astype(np.float32) / 255 for layer in layers)
    image = (palette[0] * share + palette[1] * (1 - share)) * other + palette[2] * (1 - other)
    image = np.ascontiguousarray(image.astype(np.uint8))
    for _ in range(int(generator.integers(2, 40))):
        _shape(generator, image)
    return cv2.GaussianBlur(image, (0, 0), float(generator.uniform(0.4, 3.0)))


def _shape(generator: np.random.Generator, image: np.ndarray) -> None:
    height, width = image.shape[:2]
    colour = tuple(int(level) for level in generator.integers(0, 256, 3))
    centre = (int(generator.integers(0, width)), int(generator.integers(0, height)))
    size = int(generator.integers(4, 60))
    if generator.random() < 0.5:
        cv2.ellipse(image, centre, (size, int(generator.integers(3, 40))), float(generator.integers(0, 180)), 0, 360,
                    colour, -1)  # fmt: skip
    else:
        corners = generator.integers(-size, size + 1, (int(generator.integers(3, 6)), 2)) + np.array(centre)
        cv2.fillPoly(image, [corners.astype(np.int32)], colour)
