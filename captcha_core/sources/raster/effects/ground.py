"""A gradient and a texture of smooth noise on the background."""

import math

import numpy as np
from numba import njit

from captcha_core.sources.randomness import Slots, fraction, mixed, signed
from captcha_core.sources.raster.canvas import Canvas
from captcha_core.sources.raster.knobs import RenderParams
from captcha_core.sources.raster.levels import Float64, Int64, UInt64, pack, round_level, unpack

SLOTS = Slots(7)  # direction, slope of each primary, two words that key the noise, its height


@njit(nogil=True)
def draw_ground(canvas: Canvas, slots: np.ndarray, params: RenderParams) -> None:
    """Lay the gradient and the texture on a canvas."""
    angle = fraction(slots[0]) * 2.0 * math.pi
    slope_x = math.cos(angle) * params.gradient / canvas.width
    slope_y = math.sin(angle) * params.gradient / canvas.height
    red, green, blue = signed(slots[1]), signed(slots[2]), signed(slots[3])
    key = (np.uint64(slots[4]) << np.uint64(32)) | np.uint64(slots[5])
    amount = params.texture * fraction(slots[6])
    pixels, cell = canvas.pixels, 1.0 / params.texture_px
    for x in range(canvas.width):
        for y in range(canvas.height):
            slope = (x - canvas.width * 0.5) * slope_x + (y - canvas.height * 0.5) * slope_y
            grain = amount * _noise(key, x * cell, y * cell) if amount > 0.0 else 0.0
            r, g, b, _ = unpack(pixels[x * canvas.stride + y])
            r, g = round_level(r + slope * red + grain), round_level(g + slope * green + grain)
            pixels[x * canvas.stride + y] = pack(r, g, round_level(b + slope * blue + grain), 0)


@njit(nogil=True)
def _noise(key: UInt64, x: Float64, y: Float64) -> Float64:
    """Return smooth noise in [-1, 1]: random heights at whole places, and between them a bilinear surface."""
    column, row = int(x), int(y)
    part_x, part_y = x - column, y - row
    upper = _height(key, column, row) * (1.0 - part_x) + _height(key, column + 1, row) * part_x
    lower = _height(key, column, row + 1) * (1.0 - part_x) + _height(key, column + 1, row + 1) * part_x
    return upper * (1.0 - part_y) + lower * part_y


@njit(nogil=True)
def _height(key: UInt64, column: Int64, row: Int64) -> Float64:
    return signed(np.uint32(mixed(key + np.uint64(column * 65536 + row)) >> np.uint64(32)))
