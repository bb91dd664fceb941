"""Whole-number arithmetic on levels of 0 to 255 with Pillow's rounding, and pixels packed into 32 bits.

A packed pixel holds red in its lowest byte, then green, blue and alpha (or a mask).
"""

from typing import Any

import numpy as np
from numba import njit

from captcha_core.sources.randomness import below

# What compiled code takes and gives. Numba tells machine numbers apart, type checkers cannot.
Int32 = Any
Int64 = Any
UInt8 = Any
UInt32 = Any
UInt64 = Any
Float32 = Any
Float64 = Any
Colour = tuple[Int32, Int32, Int32, Int32]  # red, green, blue, opacity
Span = tuple[Int64, Int64]  # least and greatest level

PRECISION_BITS = 22  # of fixed-point weights
HALF = np.int32(1 << (PRECISION_BITS - 1))
RED_WEIGHT, GREEN_WEIGHT, BLUE_WEIGHT = np.int32(19595), np.int32(38470), np.int32(7471)  # ITU-R 601 of 65536
LANE = 16  # pixels: every line of pixels is padded to whole vectors, which leaves no scalar rest


def whole_lanes(count: int) -> int:
    """Return a number of pixels rounded up to whole vectors."""
    return -(-count // LANE) * LANE


@njit(nogil=True)
def padded(count: Int64) -> Int64:
    """Return a number of pixels rounded up to whole vectors: the compiled form."""
    return (count + (LANE - 1)) & ~(LANE - 1)


@njit(nogil=True)
def pack(red: Int32, green: Int32, blue: Int32, alpha: Int32) -> UInt32:
    """Return one packed pixel."""
    low = np.uint32(red) | (np.uint32(green) << np.uint32(8))
    return low | (np.uint32(blue) << np.uint32(16)) | (np.uint32(alpha) << np.uint32(24))


@njit(nogil=True)
def unpack(pixel: UInt32) -> tuple[Int32, Int32, Int32, Int32]:
    """Return (red, green, blue, alpha)."""
    byte = np.uint32(255)
    green, blue = (pixel >> np.uint32(8)) & byte, (pixel >> np.uint32(16)) & byte
    return np.int32(pixel & byte), np.int32(green), np.int32(blue), np.int32(pixel >> np.uint32(24))


@njit(nogil=True)
def unscale(product: Int32) -> Int32:
    """Return product / 255, rounded."""
    more = np.int32(product + 128)
    return np.int32(((more >> 8) + more) >> 8)


@njit(nogil=True)
def scale_level(level: Int32, by: Int32) -> Int32:
    """Return level * by / 255, rounded."""
    return unscale(np.int32(level * by))


@njit(nogil=True)
def divide_out(level: Int32, inverse: Float32) -> Int32:
    """Return level * inverse cut to a whole level of at most 255, where inverse is 255 / alpha."""
    return np.int32(min(np.float32(level) * inverse + np.float32(1e-3), np.float32(255)))


@njit(nogil=True)
def clip_level(total: Int32) -> UInt8:
    """Return a fixed-point sum as a level."""
    return np.uint8(min(max(total >> np.int32(PRECISION_BITS), np.int32(0)), np.int32(255)))


@njit(nogil=True)
def grey_level(red: Int32, green: Int32, blue: Int32) -> Int32:
    """Return ITU-R 601 luma."""
    return np.int32((red * RED_WEIGHT + green * GREEN_WEIGHT + blue * BLUE_WEIGHT + 32768) >> 16)


@njit(nogil=True)
def round_level(value: Float64) -> Int64:
    """Return a number as the nearest level."""
    return min(max(int(value + 0.5), 0), 255)


@njit(nogil=True)
def blend(under: UInt32, over: UInt32, share: Float64) -> UInt32:
    """Mix two pixels."""
    r0, g0, b0, _ = unpack(under)
    r1, g1, b1, _ = unpack(over)
    red, green = round_level(r0 + (r1 - r0) * share), round_level(g0 + (g1 - g0) * share)
    return pack(red, green, round_level(b0 + (b1 - b0) * share), 0)


@njit(nogil=True)
def random_level(bits: UInt32, span: Span) -> Int64:
    """Return a level in a span."""
    return span[0] + below(bits, span[1] - span[0] + 1)


@njit(nogil=True)
def random_pixel(bits: np.ndarray, span: Span) -> UInt32:
    """Return a colour with each primary in a span of levels."""
    return pack(random_level(bits[0], span), random_level(bits[1], span), random_level(bits[2], span), 0)
