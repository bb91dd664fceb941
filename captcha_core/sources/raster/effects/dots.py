"""Dots as the `captcha` package has Pillow draw them: hard, in one colour, cut at the picture's border."""

from functools import lru_cache

import numpy as np
from numba import njit
from PIL import Image, ImageDraw

from captcha_core.sources.randomness import RENDER, Slots, below
from captcha_core.sources.raster.canvas import Canvas
from captcha_core.sources.raster.levels import UInt32

SLOTS = Slots(2, per="dots", stream=RENDER)  # column and row


@lru_cache(maxsize=16)
def dot_stamp(width_px: int) -> np.ndarray:
    """Return int32 (N, 2) offsets (x, y) of the pixels of one of the package's dots: a short diagonal line."""
    middle = 2 * width_px + 4
    picture = Image.new("1", (2 * middle, 2 * middle))
    ImageDraw.Draw(picture).line(((middle, middle), (middle - 1, middle - 1)), fill=1, width=width_px)
    rows, columns = np.nonzero(np.asarray(picture))
    return np.stack([columns - middle, rows - middle], axis=1).astype(np.int32)


@njit(nogil=True)
def draw_dots(canvas: Canvas, slots: np.ndarray, stamp: np.ndarray, pixel: UInt32) -> None:
    """Draw dots up to one pixel beyond the picture; ``slots`` has a row for each."""
    pixels, width, height, stride = canvas.pixels, canvas.width, canvas.height, canvas.stride
    for dot in range(len(slots)):
        x, y = below(slots[dot, 0], width + 1), below(slots[dot, 1], height + 1)
        for part in range(stamp.shape[0]):
            column, row = x + stamp[part, 0], y + stamp[part, 1]
            if 0 <= column < width and 0 <= row < height:
                pixels[column * stride + row] = pixel
