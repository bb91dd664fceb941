"""The filter that the `captcha` package smooths a finished picture with."""

import numpy as np
from numba import njit

from captcha_core.sources.raster.canvas import Canvas


@njit(nogil=True)
def smooth(canvas: Canvas, target: Canvas, sums: np.ndarray) -> None:
    """Pillow's SMOOTH: the middle counts 5 of 13, its neighbours 1 each; the border is copied.

    Args:
        canvas: To read from.
        target: A canvas of the same size.
        sums: uint16, room for the sums of three neighbours down the last three columns.
    """
    source, levels, pixels, smoothed = canvas.levels, target.levels, canvas.pixels, target.pixels
    step, one, two = np.uint64(4 * canvas.stride), np.uint64(4), np.uint64(8)  # pixels are four levels apart
    for x in range(canvas.width):
        here, to = np.uint64(x) * step, np.uint64(x % 3) * step
        for i in range(step - two):
            sums[to + i] = np.uint16(source[here + i]) + np.uint16(source[here + i + one]) + source[here + i + two]
        if x < 2:
            continue
        middle = here - step + one
        for i in range(step - two):
            total = np.uint16(sums[i] + sums[step + i] + sums[step + step + i] + 4 * np.uint16(source[middle + i]) + 6)
            levels[middle + i] = np.uint8((np.uint32(total) * np.uint32(5042)) >> np.uint32(16))  # total // 13
    bottom, last = canvas.height - 1, (canvas.width - 1) * canvas.stride
    for x in range(1, canvas.width - 1):
        at = x * canvas.stride
        smoothed[at], smoothed[at + bottom] = pixels[at], pixels[at + bottom]
    for y in range(canvas.height):
        smoothed[y], smoothed[last + y] = pixels[y], pixels[last + y]
