"""Small asterisks behind the text and in front of it."""

import numpy as np
from numba import njit

from captcha_core.sources.randomness import Slots, below, fraction
from captcha_core.sources.raster.canvas import Canvas
from captcha_core.sources.raster.knobs import RenderParams
from captcha_core.sources.raster.levels import random_pixel

SLOTS = Slots(7, per="stars")  # column, row, in front or behind, mirrored or not, three levels
HEIGHT, WIDTH = 5, 6
ROWS = (0b011011, 0b001110, 0b111111, 0b001110, 0b011011)  # its mirror image is drawn as often


@njit(nogil=True)
def draw_stars(canvas: Canvas, slots: np.ndarray, params: RenderParams, in_front: bool) -> None:
    """Draw the stars that lie behind the text or in front of it; ``slots`` has a row for each."""
    for star in range(len(slots)):
        if (fraction(slots[star, 2]) < params.stars_in_front) != in_front:
            continue
        left, top = below(slots[star, 0], canvas.width), below(slots[star, 1], canvas.height) + HEIGHT + 1
        pixel, mirrored = random_pixel(slots[star, 4:], params.star_levels), below(slots[star, 3], 2) == 1
        for row in range(min(HEIGHT, canvas.height - top)):
            for column in range(min(WIDTH, canvas.width - left)):
                bit = WIDTH - 1 - column if mirrored else column
                if (ROWS[row] >> bit) & 1:
                    canvas.pixels[(left + column) * canvas.stride + top + row] = pixel
