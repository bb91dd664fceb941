"""Whole-number arithmetic on levels of 0 to 255, with Pillow's rounding."""

import numpy as np
from numba import njit

ALPHA = 3  # plane of the opacity
PRECISION_BITS = 22  # of fixed-point weights
HALF = np.int32(1 << (PRECISION_BITS - 1))
RED_WEIGHT, GREEN_WEIGHT, BLUE_WEIGHT = np.int32(19595), np.int32(38470), np.int32(7471)  # ITU-R 601 of 65536


@njit(cache=True, nogil=True, inline="always")
def unscale(product: np.int32) -> np.int32:
    """Return product / 255, rounded."""
    more = np.int32(product + 128)
    return np.int32(((more >> 8) + more) >> 8)


@njit(cache=True, nogil=True, inline="always")
def scale_level(level: np.int32, by: np.int32) -> np.int32:
    """Return level * by / 255, rounded."""
    return unscale(np.int32(level * by))


@njit(cache=True, nogil=True, inline="always")
def clip_level(total: np.int32) -> np.int32:
    """Return a fixed-point sum as a level of 0 to 255."""
    return np.int32(min(max(total >> np.int32(PRECISION_BITS), np.int32(0)), np.int32(255)))


@njit(cache=True, nogil=True, inline="always")
def grey_level(red: np.int32, green: np.int32, blue: np.int32) -> np.int32:
    """Return ITU-R 601 luma."""
    return np.int32((red * RED_WEIGHT + green * GREEN_WEIGHT + blue * BLUE_WEIGHT + 32768) >> 16)
