"""A wave that the whole picture goes up and down along, and lines through the text that follow it."""

import math

import numpy as np
from numba import njit

from captcha_core.sources.randomness import Slots, fraction, signed
from captcha_core.sources.raster.canvas import Canvas
from captcha_core.sources.raster.knobs import RenderParams
from captcha_core.sources.raster.levels import Float64, Int64, UInt32, blend, random_pixel

WAVE_SLOTS = Slots(3)  # where it begins, length, height
LINE_SLOTS = Slots(5, per="lines")  # height, slope and, for a colour of its own, three levels
STEEPEST_SLOPE = 0.15  # of a line, in rows a column


@njit(nogil=True)
def bend(canvas: Canvas, target: Canvas, slots: np.ndarray, params: RenderParams) -> None:
    """Shift every column of a canvas along the wave; what is pulled in repeats the border."""
    last = canvas.height - 1
    for x in range(canvas.width):
        shift, at = _wave_at(x, slots, params), x * canvas.stride
        for y in range(canvas.height):
            row = math.floor(y - shift)
            share = y - shift - row
            upper = canvas.pixels[at + min(max(row, 0), last)]
            lower = canvas.pixels[at + min(max(row + 1, 0), last)]
            target.pixels[at + y] = blend(upper, lower, share)


@njit(nogil=True)
def _wave_at(x: Int64, slots: np.ndarray, params: RenderParams) -> Float64:
    """Return how far the wave lowers a column, in pixels."""
    length = params.wave_length_px * (0.75 + 0.5 * fraction(slots[1]))
    height = params.wave_px * (0.5 + 0.5 * fraction(slots[2]))
    return height * math.sin(2.0 * math.pi * (x / length + fraction(slots[0])))


@njit(nogil=True)
def draw_lines(canvas: Canvas, slots: np.ndarray, wave: np.ndarray, params: RenderParams, pixel: UInt32) -> None:
    """Draw lines across the middle of a canvas.

    Args:
        canvas: To draw on.
        slots: uint32 (N, each), a row for each line.
        wave: The slots of the wave.
        params: The knobs.
        pixel: The text's colour, taken unless characters and lines have each their own.
    """
    half = 0.5 * params.line_width_px
    for line in range(len(slots)):
        if params.colour_each:
            pixel = random_pixel(slots[line, 2:], params.foreground)
        middle = canvas.height * (0.35 + 0.3 * fraction(slots[line, 0]))
        slope = STEEPEST_SLOPE * signed(slots[line, 1])
        for x in range(canvas.width):
            centre = middle + slope * (x - canvas.width * 0.5) + _wave_at(x, wave, params)
            for y in range(max(int(centre - half), 0), min(int(centre + half) + 1, canvas.height)):
                share = min(y + 1.0, centre + half) - max(float(y), centre - half)
                at = x * canvas.stride + y
                canvas.pixels[at] = blend(canvas.pixels[at], pixel, min(max(share, 0.0), 1.0))
