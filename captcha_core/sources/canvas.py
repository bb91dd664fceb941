"""The page that characters are put on: laid out column by column, uint8 (W, 3, H)."""

import numpy as np
from numba import njit

from captcha_core.sources.levels import ALPHA, HALF, clip_level, grey_level, unscale
from captcha_core.sources.resample import coefficients, taps_for


@njit(cache=True, nogil=True)
def paste_column(canvas: np.ndarray, x: int, top: int, column: np.ndarray, straight: bool) -> None:
    """Put a character's column on the page, through the package's mask: 1.97 times the luma, whatever the alpha.

    Args:
        canvas: uint8 (W, 3, H).
        x: Column of the canvas.
        top: Row of the column's first pixel; may be negative.
        column: int32 (4, N) premultiplied levels; plain ones if ``straight``.
        straight: Whether the colours were not multiplied by alpha.
    """
    from_row, to_row = max(-top, 0), min(column.shape[1], canvas.shape[2] - top)
    count = to_row - from_row
    if count <= 0:
        return
    red, green, blue = column[0, from_row:to_row], column[1, from_row:to_row], column[2, from_row:to_row]
    alpha = column[ALPHA, from_row:to_row]
    page = canvas[x, :, top + from_row : top + to_row]
    page_red, page_green, page_blue = page[0], page[1], page[2]
    one, tiny = np.float32(255), np.float32(1e-3)
    for y in range(count):
        inverse = one / np.float32(alpha[y]) if (alpha[y] > 0) & (not straight) else np.float32(1)
        r = np.int32(min(np.float32(red[y]) * inverse + tiny, one))
        g = np.int32(min(np.float32(green[y]) * inverse + tiny, one))
        b = np.int32(min(np.float32(blue[y]) * inverse + tiny, one))
        mask = min(np.int32((grey_level(r, g, b) * 197) // 100), np.int32(255))
        rest = np.int32(255 - mask)
        page_red[y] = unscale(np.int32(page_red[y] * rest + r * mask))
        page_green[y] = unscale(np.int32(page_green[y] * rest + g * mask))
        page_blue[y] = unscale(np.int32(page_blue[y] * rest + b * mask))


@njit(cache=True, nogil=True)
def squeeze(canvas: np.ndarray, target: np.ndarray) -> None:
    """Resize a canvas across to a narrower one of the same height."""
    width, narrow = canvas.shape[0], target.shape[0]
    count = 3 * canvas.shape[2]
    first = np.empty(narrow, dtype=np.int32)
    weights = np.empty((narrow, taps_for(width, narrow)), dtype=np.int32)
    taps = coefficients(width, narrow, first, weights)
    flat, flat_target = canvas.reshape(width, count), target.reshape(narrow, count)
    sums = np.empty(count, dtype=np.int32)
    for place in range(narrow):
        sums[:] = HALF
        for tap in range(taps):
            weight = weights[place, tap]
            if weight != 0:
                source = flat[first[place] + tap]
                for y in range(count):
                    sums[y] += np.int32(weight * np.int32(source[y]))
        line = flat_target[place]
        for y in range(count):
            line[y] = clip_level(sums[y])


@njit(cache=True, nogil=True)
def smooth(canvas: np.ndarray, target: np.ndarray) -> None:
    """Pillow's SMOOTH: the middle counts 5 of 13; the border is copied."""
    width, height = canvas.shape[0], canvas.shape[2]
    count = 3 * height
    flat, flat_target = canvas.reshape(width, count), target.reshape(width, count)
    flat_target[0] = flat[0]
    flat_target[width - 1] = flat[width - 1]
    for x in range(1, width - 1):
        before, here, after, line = flat[x - 1], flat[x], flat[x + 1], flat_target[x]
        for y in range(1, count - 1):
            total = np.int32(before[y - 1]) + np.int32(before[y]) + np.int32(before[y + 1])
            total += np.int32(after[y - 1]) + np.int32(after[y]) + np.int32(after[y + 1])
            total += np.int32(here[y - 1]) + np.int32(here[y + 1]) + np.int32(5) * np.int32(here[y])
            line[y] = np.uint32(np.int32(total) + 6) // np.uint32(13)
        for plane in range(3):
            line[plane * height] = here[plane * height]
            line[plane * height + height - 1] = here[plane * height + height - 1]


@njit(cache=True, nogil=True)
def give_out(canvas: np.ndarray, picture: np.ndarray) -> None:
    """Turn a canvas into uint8 (H, W, 1) grey or (H, W, 3) colour."""
    height, width, channels = picture.shape
    for x in range(width):
        red, green, blue = canvas[x, 0], canvas[x, 1], canvas[x, 2]
        if channels == 3:
            for y in range(height):
                picture[y, x, 0], picture[y, x, 1], picture[y, x, 2] = red[y], green[y], blue[y]
        else:
            for y in range(height):
                picture[y, x, 0] = grey_level(np.int32(red[y]), np.int32(green[y]), np.int32(blue[y]))
