"""One character: turned, stretched and warped as the `captcha` package does it, in four 8-bit planes.

The package draws the character in RGBA and lets Pillow rotate it (bilinear, colours premultiplied by alpha and cut to
whole levels), resize it (bicubic, premultiplied once more) and warp it (nearest neighbour). The cuts leave the noisy
edge colours that make its pictures what they are, so all four planes are carried through.
Arrays lie column by column: a column's (height, 4) levels are next to each other in memory.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from captcha_core.sources.canvas import paste_column
from captcha_core.sources.glyphs import Glyphs
from captcha_core.sources.levels import ALPHA, HALF, clip_level, scale_level
from captcha_core.sources.look import Look
from captcha_core.sources.randomness import below, fraction
from captcha_core.sources.resample import coefficients, taps_for


class Scratch(NamedTuple):
    """Room to work in: int32 (columns, rows * 4) for a turned character and for a stretched one."""

    turned: np.ndarray
    wide: np.ndarray


@njit(cache=True, nogil=True)
def draw_tile(
    bits: np.ndarray,
    character: int,
    glyphs: Glyphs,
    look: Look,
    colour: np.ndarray,
    scratch: Scratch,
    canvas: np.ndarray,
    left: int,
) -> None:
    """Draw one character at a column of the canvas, halfway down."""
    face = below(bits[0], glyphs.tile.shape[0])
    variant = glyphs.variant[face, character, below(bits[1], 5), below(bits[2], 7)]
    if variant < 0:
        return
    tile = glyphs.tile[face, character]
    mask_height, mask_width = glyphs.size[variant]
    corners = glyphs.corners[glyphs.start[variant] :]
    angle = -look.rotate_deg + fraction(bits[3]) * (2 * look.rotate_deg)
    height, width = turn(corners, mask_height, mask_width, angle, colour, scratch.turned)
    # The package adds the least stretch, 0.1 and 0.2, as pixels: its brackets are where they are.
    reach_x, reach_y = (
        tile[1] * fraction(bits[4]) * look.stretch_x + 0.1,
        tile[0] * fraction(bits[5]) * look.stretch_y + 0.2,
    )
    x1, y1 = int(fraction(bits[6]) * (2 * reach_x) - reach_x), int(fraction(bits[7]) * (2 * reach_y) - reach_y)
    x2, y2 = int(fraction(bits[8]) * (2 * reach_x) - reach_x), int(fraction(bits[9]) * (2 * reach_y) - reach_y)
    new_width, new_height = tile[1] + abs(x1) + abs(x2), tile[0] + abs(y1) + abs(y2)
    stretch_columns(scratch.turned, height, width, new_width, scratch.wide)
    first = np.empty(new_height, dtype=np.int32)
    weights = np.empty((new_height, taps_for(height, new_height)), dtype=np.int32)
    coefficients(height, new_height, first, weights)
    across = quad(tile[1], tile[0], x1, new_width - x2, -x1, new_width + x2)
    down = quad(tile[1], tile[0], y1, -y1, new_height - y2, new_height + y2)
    _paste_tile(scratch.wide[:new_width], first, weights, across, down, tile, canvas, left)


@njit(cache=True, nogil=True, inline="always")
def quad(width: int, height: int, nw: float, ne: float, sw: float, se: float) -> tuple[float, float, float, float]:
    """Return the four numbers that map a rectangle to one coordinate of a quadrilateral, given its corners."""
    return (
        nw,
        (ne - nw) * (1.0 / width),
        (sw - nw) * (1.0 / height),
        (se - sw - ne + nw) * (1.0 / width) * (1.0 / height),
    )


@njit(cache=True, nogil=True)
def _paste_tile(
    wide: np.ndarray,
    first: np.ndarray,
    weights: np.ndarray,
    across: tuple[float, float, float, float],
    down: tuple[float, float, float, float],
    tile: np.ndarray,
    canvas: np.ndarray,
    left: int,
) -> None:
    height, limit_x, limit_y = tile[0], wide.shape[0], first.shape[0]
    at_x, at_y = np.empty(height, dtype=np.int32), np.empty(height, dtype=np.int32)
    column = np.empty((4, height), dtype=np.int32)
    top = int((canvas.shape[2] - height) / 2)
    for x in range(min(tile[1], canvas.shape[0] - left)):
        middle_x = x + 0.5
        for y in range(height):
            middle_y = y + 0.5
            from_x = across[0] + across[1] * middle_x + across[2] * middle_y + across[3] * middle_x * middle_y
            from_y = down[0] + down[1] * middle_x + down[2] * middle_y + down[3] * middle_x * middle_y
            inside = (from_x >= 0.0) & (from_x < limit_x) & (from_y >= 0.0) & (from_y < limit_y)
            at_x[y] = np.int32(from_x) if inside else np.int32(-1)
            at_y[y] = np.int32(from_y) if inside else np.int32(0)
        warp_column(wide, first, weights, weights.shape[1], at_x, at_y, column)
        paste_column(canvas, left + x, top, column, False)


@njit(cache=True, nogil=True)
def rotation(height: int, width: int, angle_deg: float) -> tuple[int, int, float, float, float, float, float, float]:
    """Return the turned picture's (height, width) and the map from it back to the source."""
    angle = -math.radians(angle_deg % 360.0)
    a, b = round(math.cos(angle), 15), round(math.sin(angle), 15)
    d, e = round(-math.sin(angle), 15), round(math.cos(angle), 15)
    middle_x, middle_y = width / 2.0, height / 2.0
    c = a * -middle_x + b * -middle_y + 0.0 + middle_x
    f = d * -middle_x + e * -middle_y + 0.0 + middle_y
    least_x, most_x, least_y, most_y = 1e9, -1e9, 1e9, -1e9
    for corner in range(4):
        x, y = width * (corner in (1, 2)), height * (corner >= 2)
        turned_x, turned_y = a * x + b * y + c, d * x + e * y + f
        least_x, most_x = min(least_x, turned_x), max(most_x, turned_x)
        least_y, most_y = min(least_y, turned_y), max(most_y, turned_y)
    new_width = int(math.ceil(most_x) - math.floor(least_x))
    new_height = int(math.ceil(most_y) - math.floor(least_y))
    shift_x, shift_y = -(new_width - width) / 2.0, -(new_height - height) / 2.0
    return new_height, new_width, a, b, a * shift_x + b * shift_y + c, d, e, d * shift_x + e * shift_y + f


@njit(cache=True, nogil=True)
def turn(
    corners: np.ndarray, height: int, width: int, angle_deg: float, colour: np.ndarray, turned: np.ndarray
) -> tuple[int, int]:
    """Rotate a mask in one plane and colour it afterwards: the fast way, unbiased though not equal in every pixel.

    Args:
        corners: uint32 (height + 1) * (width + 1) of the mask, as in Glyphs.
        height: Of the mask, in pixels.
        width: Of the mask, in pixels.
        angle_deg: Counter-clockwise.
        colour: int32 (4,) red, green, blue, opacity.
        turned: int32 (columns, rows * 4), filled in with premultiplied levels.

    Returns:
        (height, width) of the rotated picture.
    """
    new_height, new_width, a, b, c, d, e, f = rotation(height, width, angle_deg)
    full = np.empty(4, dtype=np.float32)
    for plane in range(3):
        full[plane] = np.float32(scale_level(colour[plane], colour[ALPHA])) / np.float32(255)
    full[ALPHA] = np.float32(colour[ALPHA]) / np.float32(255)
    half, tiny, one = np.float32(0.5), np.float32(1e-3), np.float32(255)
    wide, high = np.float32(width), np.float32(height)
    step_x, step_y = np.float32(b), np.float32(e)
    stride = np.int32(width + 1)
    coverage = np.empty(new_height, dtype=np.float32)
    for x in range(new_width):
        from_x, from_y = np.float32(a * (x + 0.5) + c), np.float32(d * (x + 0.5) + f)
        for y in range(new_height):
            middle = np.float32(np.int32(y)) + half
            at_x, at_y = from_x + step_x * middle, from_y + step_y * middle
            inside = (at_x >= np.float32(0)) & (at_x < wide) & (at_y >= np.float32(0)) & (at_y < high)
            at_x = min(max(at_x + half, np.float32(0)), wide)
            at_y = min(max(at_y + half, np.float32(0)), high)
            column, row = np.int32(at_x), np.int32(at_y)
            at_x -= np.float32(column)
            at_y -= np.float32(row)
            four = corners[np.uint32(row * stride + column)]
            left, right = np.float32(four & np.uint32(255)), np.float32((four >> np.uint32(8)) & np.uint32(255))
            upper = left + (right - left) * at_x
            left = np.float32((four >> np.uint32(16)) & np.uint32(255))
            right = np.float32(four >> np.uint32(24))
            lower = left + (right - left) * at_x
            coverage[y] = upper + (lower - upper) * at_y if inside else np.float32(0)
        line = turned[x]
        for y in range(new_height):
            alpha = np.int32(coverage[y] * full[ALPHA] + tiny)
            inverse = one / np.float32(max(alpha, np.int32(1)))
            for plane in range(3):
                level = np.float32(np.int32(coverage[y] * full[plane] + tiny))
                straight = np.int32(min(level * inverse + tiny, one))
                line[4 * y + plane] = scale_level(straight, alpha)
            line[4 * y + ALPHA] = alpha
    return new_height, new_width


@njit(cache=True, nogil=True)
def stretch_columns(turned: np.ndarray, height: int, width: int, target: int, wide: np.ndarray) -> None:
    """Resize across the columns: (width, height * 4) to (target, height * 4)."""
    first = np.empty(target, dtype=np.int32)
    weights = np.empty((target, 4 * (width // target + 2)), dtype=np.int32)
    taps = coefficients(width, target, first, weights)
    count = 4 * height
    sums = np.empty(count, dtype=np.int32)
    for place in range(target):
        sums[:] = HALF
        for tap in range(taps):
            weight = weights[place, tap]
            if weight != 0:
                source = turned[first[place] + tap]
                for y in range(count):
                    sums[y] += np.int32(weight * source[y])
        line = wide[place]
        for y in range(count):
            line[y] = clip_level(sums[y])


@njit(cache=True, nogil=True)
def warp_column(
    wide: np.ndarray,
    first: np.ndarray,
    weights: np.ndarray,
    taps: int,
    at_x: np.ndarray,
    at_y: np.ndarray,
    column: np.ndarray,
) -> None:
    """Resize down the columns, but only the pixels that the warp picks.

    Args:
        wide: int32 (columns, rows * 4) premultiplied levels.
        first: First source row of each stretched row.
        weights: Fixed-point weights (rows, taps).
        taps: Weights in use.
        at_x: int32 (N,) stretched column of each pixel, -1 for none.
        at_y: int32 (N,) stretched row of each pixel.
        column: int32 (4, N) premultiplied levels, filled in.
    """
    red, green, blue, alpha = column[0], column[1], column[2], column[3]
    for y in range(at_x.shape[0]):
        if at_x[y] < 0:
            red[y] = green[y] = blue[y] = alpha[y] = 0
            continue
        source = wide[at_x[y]]
        weight = weights[at_y[y]]
        place = 4 * first[at_y[y]]
        r = g = b = o = HALF
        for tap in range(taps):
            k = weight[tap]
            r = np.int32(r + k * source[place])
            g = np.int32(g + k * source[place + 1])
            b = np.int32(b + k * source[place + 2])
            o = np.int32(o + k * source[place + 3])
            place += 4
        red[y], green[y], blue[y], alpha[y] = clip_level(r), clip_level(g), clip_level(b), clip_level(o)
