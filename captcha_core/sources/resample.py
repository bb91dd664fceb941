"""Bicubic resampling with Pillow's own fixed-point arithmetic, so that levels come out equal to the last bit."""

import numpy as np
from numba import njit

from captcha_core.sources.levels import PRECISION_BITS

SUPPORT = 2.0  # of the bicubic kernel, in source pixels


@njit(cache=True, nogil=True, inline="always")
def _bicubic(x: float) -> float:
    x = abs(x)
    near = ((-0.5 + 2.0) * x - (-0.5 + 3.0)) * x * x + 1.0
    far = (((x - 5.0) * x + 8.0) * x - 4.0) * -0.5
    return near if x < 1.0 else (far if x < 2.0 else 0.0)


@njit(cache=True, nogil=True)
def taps_for(source: int, target: int) -> int:
    """Return how many source pixels at most make one target pixel."""
    scale = source / target
    return 4 if scale <= 1.0 else int(2.0 * SUPPORT * scale) + 2


@njit(cache=True, nogil=True)
def coefficients(source: int, target: int, first: np.ndarray, weights: np.ndarray) -> int:
    """Fill in which source pixels make each target pixel, and their weights.

    Args:
        source: Source length in pixels.
        target: Target length in pixels.
        first: int32 (target,) index of the first source pixel, filled in.
        weights: int32 (target, taps) fixed-point weights, filled in; zero where fewer pixels count.

    Returns:
        The number of taps in use.
    """
    scale = source / target
    stretch = max(scale, 1.0)
    reach = SUPPORT * stretch
    unit = 1.0 / stretch
    taps = taps_for(source, target)
    line = np.empty(taps, dtype=np.float64)
    for place in range(target):
        centre = (place + 0.5) * scale
        low = max(int(centre - reach + 0.5), 0)
        high = min(int(centre + reach + 0.5), source)
        total = 0.0
        for tap in range(taps):
            weight = _bicubic((tap + low - centre + 0.5) * unit) if tap < high - low else 0.0
            line[tap] = weight
            total += weight
        first[place] = low
        row = weights[place]
        for tap in range(taps):
            weight = line[tap] / total * (1 << PRECISION_BITS)
            row[tap] = np.int32(weight - 0.5) if weight < 0.0 else np.int32(weight + 0.5)
    return taps
