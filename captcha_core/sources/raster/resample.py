"""Bicubic resampling with Pillow's own fixed-point arithmetic, so that levels come out equal to the last bit.

Lines of levels lie one behind the other in flat arrays; a new line is a weighted sum of some of them. Offsets are
unsigned, because a signed index may count from the end and such loops are not vectorised.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from captcha_core.sources.raster.levels import HALF, PRECISION_BITS, Int32, Int64, UInt64, clip_level

SUPPORT = 2.0  # of the bicubic kernel, in source pixels


class Weights(NamedTuple):
    """Which source lines make each target line.

    Args:
        first: int32 (N,) first source line of each target line.
        parts: int32 (T, N) fixed-point weights of the T lines from there on; zero where fewer count.
        raw: float64 (T, N), room to work in.
        total: float64 (N,), room to work in.
        sums: int32, room for one line.
    """

    first: np.ndarray
    parts: np.ndarray
    raw: np.ndarray
    total: np.ndarray
    sums: np.ndarray


def new_weights(lines: int, taps: int, line_length: int) -> Weights:
    """Return room for the weights of so many target lines and source lines each."""
    shape = (taps, lines)
    return Weights(
        np.zeros(lines, dtype=np.int32),
        np.zeros(shape, dtype=np.int32),
        np.zeros(shape, dtype=np.float64),
        np.zeros(lines, dtype=np.float64),
        np.zeros(line_length, dtype=np.int32),
    )


@njit(nogil=True)
def taps_for(source: Int64, target: Int64) -> Int64:
    """Return how many source lines at most make one target line, an even number."""
    return 4 if source <= target else int(2.0 * SUPPORT * source / target) // 2 * 2 + 2


@njit(nogil=True)
def weigh(source: Int64, target: Int64, weights: Weights) -> Int64:
    """Fill in the weights for resizing; return the number of taps in use."""
    scale = source / target
    stretch = max(scale, 1.0)
    reach, unit = SUPPORT * stretch, 1.0 / stretch
    taps = taps_for(source, target)
    first, total = weights.first, weights.total
    for line in range(target):
        first[line] = max(np.int32((line + 0.5) * scale - reach + 0.5), np.int32(0))
        total[line] = 0.0
    for tap in range(taps):
        raw, step = weights.raw[tap], np.int32(tap)
        for line in range(target):
            centre = (line + 0.5) * scale
            last = min(np.int32(centre + reach + 0.5), np.int32(source))
            at = np.int32(step + first[line])
            x = abs((np.float64(at) - centre + 0.5) * unit)
            near = ((-0.5 + 2.0) * x - (-0.5 + 3.0)) * x * x + 1.0
            far = (((x - 5.0) * x + 8.0) * x - 4.0) * -0.5
            weight = near if x < 1.0 else (far if x < 2.0 else 0.0)
            weight = weight if at < last else 0.0
            raw[line] = weight
            total[line] += weight
    for tap in range(taps):
        raw, parts = weights.raw[tap], weights.parts[tap]
        for line in range(target):
            weight = raw[line] / total[line] * (1 << PRECISION_BITS)
            parts[line] = np.int32(weight + (0.5 if weight >= 0.0 else -0.5))
    return taps


@njit(nogil=True)
def mix_lines(
    source: np.ndarray, taps: Int64, weights: Weights, lines: Int64, stride: Int64, count: Int64, target: np.ndarray
) -> None:
    """Write all target lines. One call does all, because handing arrays around costs more than a line does.

    Args:
        source: uint8, flat.
        taps: Source lines that make a target line.
        weights: Of the source lines.
        lines: Target lines.
        stride: Levels from one line to the next, in source and target.
        count: Levels in a line; the rest is left alone.
        target: uint8, flat, other memory than the source.
    """
    first, parts, sums = weights.first, weights.parts, weights.sums
    step, count = np.uint64(stride), np.uint64(count)
    for line in range(lines):
        begin, a = np.uint64(line) * step, np.uint64(first[line]) * step
        b, c, d = a + step, a + np.uint64(2) * step, a + np.uint64(3) * step
        wa, wb, wc, wd = parts[0, line], parts[1, line], parts[2, line], parts[3, line]
        if taps == 4:
            for i in range(count):
                total = HALF + _pair(source, a + i, b + i, wa, wb) + _pair(source, c + i, d + i, wc, wd)
                target[begin + i] = clip_level(np.int32(total))
            continue
        e, f, we, wf = a + np.uint64(4) * step, b + np.uint64(4) * step, parts[4, line], parts[5, line]
        if taps == 6:
            for i in range(count):
                total = HALF + _pair(source, a + i, b + i, wa, wb) + _pair(source, c + i, d + i, wc, wd)
                total += _pair(source, e + i, f + i, we, wf)
                target[begin + i] = clip_level(np.int32(total))
            continue
        for i in range(count):
            total = HALF + _pair(source, a + i, b + i, wa, wb) + _pair(source, c + i, d + i, wc, wd)
            sums[i] = np.int32(total + _pair(source, e + i, f + i, we, wf))
        for tap in range(6, taps, 2):
            e, f, we, wf = e + np.uint64(2) * step, f + np.uint64(2) * step, parts[tap, line], parts[tap + 1, line]
            for i in range(count):
                sums[i] = np.int32(sums[i] + _pair(source, e + i, f + i, we, wf))
        for i in range(count):
            target[begin + i] = clip_level(sums[i])


@njit(nogil=True)
def _pair(source: np.ndarray, a: UInt64, b: UInt64, weight_a: Int32, weight_b: Int32) -> Int32:
    return weight_a * np.int32(source[a]) + weight_b * np.int32(source[b])
