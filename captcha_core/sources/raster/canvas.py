"""The canvas that a picture is drawn on, and what happens to all of it at once."""

from typing import NamedTuple

import numpy as np
from numba import njit

from captcha_core.sources.raster.levels import Int32, Int64, UInt32, grey_level, pack, unpack, whole_lanes
from captcha_core.sources.raster.resample import Weights, mix_lines, weigh


class Canvas(NamedTuple):
    """Packed pixels, column by column: column x begins at x * stride.

    Args:
        height: In pixels.
        width: In pixels.
        stride: Pixels from one column to the next: the height in whole vectors. What lies between is padding.
        pixels: uint32, flat.
        levels: The same memory as uint8.
    """

    height: int
    width: int
    stride: int
    pixels: np.ndarray
    levels: np.ndarray


def new_canvas(height: int, width: int, spare: int) -> Canvas:
    """Return an empty canvas with some columns to spare behind it."""
    stride = whole_lanes(height)
    pixels = np.zeros((width + spare) * stride, dtype=np.uint32)
    return Canvas(height, width, stride, pixels, pixels.view(np.uint8))


@njit(nogil=True)
def narrowed(canvas: Canvas, width: Int64) -> Canvas:
    """Return the first columns of a canvas."""
    return Canvas(canvas.height, width, canvas.stride, canvas.pixels, canvas.levels)


@njit(nogil=True)
def fill(canvas: Canvas, red: Int64, green: Int64, blue: Int64) -> None:
    """Paint a canvas in one colour."""
    pixels, pixel = canvas.pixels, pack(red, green, blue, 0)
    for place in range(canvas.width * canvas.stride):
        pixels[place] = pixel


@njit(nogil=True)
def squeeze(canvas: Canvas, target: Canvas, weights: Weights) -> None:
    """Resize a canvas across to a narrower one of the same height."""
    taps, count = weigh(canvas.width, target.width, weights), 4 * canvas.stride
    mix_lines(canvas.levels, taps, weights, target.width, count, count, target.levels)


@njit(nogil=True)
def export(canvas: Canvas, picture: np.ndarray, fours: np.ndarray, greys: np.ndarray) -> None:
    """Turn a canvas into uint8 (H, W, 1) grey or (H, W, 3) colour.

    Args:
        canvas: To read from.
        picture: Filled in.
        fours: uint32, room for a column, then a grey picture, four pixels in a number and each row in whole numbers.
        greys: The same memory as uint8.
    """
    height, width, channels = picture.shape
    pixels, flat = canvas.pixels, picture.reshape(-1)
    step, line = np.uint64(canvas.stride), np.uint64(width * channels)
    if channels == 3:
        for x in range(width):
            at, to = np.uint64(x) * step, np.uint64(3 * x)
            for y in range(np.uint64(height)):
                red, green, blue, _ = unpack(pixels[at + y])
                place = to + y * line
                flat[place], flat[place + np.uint64(1)], flat[place + np.uint64(2)] = red, green, blue
        return
    groups = np.uint64((width + 3) // 4)
    for group in range(groups):
        at = np.uint64(4) * group * step
        for y in range(step):
            a, b = _grey(pixels[at + y]), _grey(pixels[at + step + y])
            c, d = _grey(pixels[at + step + step + y]), _grey(pixels[at + step + step + step + y])
            fours[y] = pack(a, b, c, d)
        for y in range(np.uint64(height)):
            fours[step + y * groups + group] = fours[y]
    for y in range(np.uint64(height)):
        row = np.uint64(4) * (step + y * groups)
        for x in range(line):
            flat[y * line + x] = greys[row + x]


@njit(nogil=True)
def _grey(pixel: UInt32) -> Int32:
    red, green, blue, _ = unpack(pixel)
    return grey_level(red, green, blue)
