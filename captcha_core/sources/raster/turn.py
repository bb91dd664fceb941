"""Rotation of a glyph as Pillow does it: bilinear, colours premultiplied by alpha and cut to whole levels.

Pictures lie column by column in flat arrays of packed pixels.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from captcha_core.sources.raster.glyphs import Glyphs
from captcha_core.sources.raster.knobs import ImageKnobs
from captcha_core.sources.raster.levels import (
    Colour,
    Float32,
    Float64,
    Int32,
    Int64,
    UInt32,
    divide_out,
    pack,
    padded,
    scale_level,
    whole_lanes,
)
from captcha_core.sources.raster.resample import Weights, new_weights

SPARE_LINES = 64  # lines of zero weight are read beyond the last one


class Rotation(NamedTuple):
    """The turned picture's size in pixels, and the affine map from it back to the source."""

    height: Int64
    width: Int64
    xx: float
    xy: float
    x: float
    yx: float
    yy: float
    y: float


class Mask(NamedTuple):
    """One glyph's bitmap: size in pixels, where its corners begin, and where four zeros are."""

    height: Int64
    width: Int64
    start: Int64
    empty: Int64


class Lines(NamedTuple):
    """Buffers for one column: where its pixels come from, and the places between pixels, in two precisions."""

    place: np.ndarray
    words: np.ndarray
    part_x: np.ndarray
    part_y: np.ndarray
    exact_x: np.ndarray
    exact_y: np.ndarray


class Scratch(NamedTuple):
    """Buffers to work in; packed pixels, each flat array seen as words and as bytes.

    Args:
        stride: Pixels from one line to the next, whichever way the lines run.
        turned: The turned character, column by column; then what is in between.
        wide: What is in between.
        tall: The stretched character, row by row; its last line stays empty.
        weights: For either stretch.
        lines: For one column.
    """

    stride: int
    turned: np.ndarray
    turned_bytes: np.ndarray
    wide: np.ndarray
    wide_bytes: np.ndarray
    tall: np.ndarray
    tall_bytes: np.ndarray
    weights: Weights
    lines: Lines


def new_scratch(glyphs: Glyphs, knobs: ImageKnobs) -> Scratch:
    """Return room for the largest character of the glyphs."""
    side = np.hypot(glyphs.size[:, 0], glyphs.size[:, 1]).max(initial=0)
    tallest, widest = glyphs.tile.max(axis=(0, 1))
    side = max(side, tallest, widest) * (1 + 2 * max(knobs.stretch_x, knobs.stretch_y))
    stride = whole_lanes(int(side) + 8)
    turned, wide, tall = np.zeros((3, (2 * stride + SPARE_LINES) * stride), dtype=np.uint32)
    weights = new_weights(stride, 4 * stride + 2, 4 * stride)
    return Scratch(
        stride, turned, turned.view(np.uint8), wide, wide.view(np.uint8),
        tall, tall.view(np.uint8), weights, _new_lines(stride),
    )  # fmt: skip


def _new_lines(length: int) -> Lines:
    """Return room for columns of up to so many pixels."""
    kinds = (np.uint32, np.uint32, np.float32, np.float32, np.float64, np.float64)
    return Lines(*(np.zeros(length, dtype=kind) for kind in kinds))


@njit(nogil=True)
def plan_rotation(height: Int64, width: Int64, angle_deg: Float64) -> Rotation:
    """Plan a turn counter-clockwise, with room for all of the picture."""
    angle = -(angle_deg if angle_deg >= 0.0 else angle_deg + 360.0) * (math.pi / 180.0)
    a, b = _round(math.cos(angle)), _round(math.sin(angle))
    d, e = -b, a
    middle_x, middle_y = width / 2.0, height / 2.0
    c = a * -middle_x + b * -middle_y + middle_x
    f = d * -middle_x + e * -middle_y + middle_y
    least_x, most_x, least_y, most_y = 1e9, -1e9, 1e9, -1e9
    for corner in range(4):
        x, y = width if corner % 2 else 0, height if corner >= 2 else 0
        turned_x, turned_y = a * x + b * y + c, d * x + e * y + f
        least_x, most_x = min(least_x, turned_x), max(most_x, turned_x)
        least_y, most_y = min(least_y, turned_y), max(most_y, turned_y)
    new_width = int(math.ceil(most_x) - math.floor(least_x))
    new_height = int(math.ceil(most_y) - math.floor(least_y))
    shift_x, shift_y = -(new_width - width) / 2.0, -(new_height - height) / 2.0
    return Rotation(new_height, new_width, a, b, a * shift_x + b * shift_y + c, d, e, d * shift_x + e * shift_y + f)


@njit(nogil=True)
def _round(number: Float64) -> Float64:
    """Round to 15 places, as Pillow does: it decides where pixels fall that lie halfway between two."""
    return math.floor(number * 1e15 + 0.5) / 1e15


@njit(nogil=True)
def turn(corners: np.ndarray, mask: Mask, plan: Rotation, colour: Colour, straight: bool, scratch: Scratch) -> None:
    """Turn the mask in single precision, then colour it: the same picture but for some edge pixels by a level or two.

    Args:
        corners: uint32, flat, as in Glyphs.
        mask: Which glyph.
        plan: Of the turn.
        colour: Red, green, blue, opacity.
        straight: Write plain colours, not premultiplied ones.
        scratch: Its ``turned`` is filled in.
    """
    rows, lines, turned, stride = padded(plan.height), scratch.lines, scratch.turned, scratch.stride
    index, words, part_x, part_y = lines.place, lines.words, lines.part_x, lines.part_y
    zero, half, level = np.float32(0), np.float32(0.5), np.float32(255)
    wide, high = np.float32(mask.width), np.float32(mask.height)
    step_x, step_y = np.float32(plan.xy), np.float32(plan.yy)
    start, empty, line = np.uint32(mask.start), np.uint32(mask.empty), np.uint32(mask.width + 1)
    tiny, opacity = np.float32(1e-3), np.float32(colour[3]) / level
    red = np.float32(scale_level(np.int32(colour[0]), np.int32(colour[3]))) / level
    green = np.float32(scale_level(np.int32(colour[1]), np.int32(colour[3]))) / level
    blue = np.float32(scale_level(np.int32(colour[2]), np.int32(colour[3]))) / level
    for x in range(plan.width):
        from_x, from_y = np.float32(plan.xx * (x + 0.5) + plan.x), np.float32(plan.yx * (x + 0.5) + plan.y)
        for y in range(rows):
            middle = np.float32(np.int32(y)) + half
            at_x, at_y = from_x + step_x * middle, from_y + step_y * middle
            inside = (at_x >= zero) & (at_x < wide) & (at_y >= zero) & (at_y < high)
            at_x, at_y = min(max(at_x + half, zero), wide), min(max(at_y + half, zero), high)
            column, row = np.int32(at_x), np.int32(at_y)
            part_x[y], part_y[y] = at_x - np.float32(column), at_y - np.float32(row)
            index[y] = start + np.uint32(row) * line + np.uint32(column) if inside else empty
        for y in range(rows):
            words[y] = corners[index[y]]
        at = np.uint64(x * stride)
        for y in range(np.uint64(rows)):
            share, four = part_x[y], words[y]
            left, right = _byte(four, 0), _byte(four, 8)
            upper = left + (right - left) * share
            left, right = _byte(four, 16), _byte(four, 24)
            lower = left + (right - left) * share
            cover = upper + (lower - upper) * part_y[y]
            alpha = np.int32(cover * opacity + tiny)
            r, g, b = np.int32(cover * red + tiny), np.int32(cover * green + tiny), np.int32(cover * blue + tiny)
            turned[at + y] = _premultiplied(r, g, b, alpha, straight)


@njit(nogil=True)
def turn_exactly(
    corners: np.ndarray, mask: Mask, plan: Rotation, colour: Colour, straight: bool, scratch: Scratch
) -> None:
    """Turn all four planes in double precision, as Pillow does. See :func:`turn`."""
    rows, lines, turned, stride = padded(plan.height), scratch.lines, scratch.turned, scratch.stride
    index, words, part_x, part_y = lines.place, lines.words, lines.exact_x, lines.exact_y
    wide, high = np.float64(mask.width), np.float64(mask.height)
    start, empty, line = np.uint32(mask.start), np.uint32(mask.empty), np.uint32(mask.width + 1)
    red, green, blue, opacity = np.int32(colour[0]), np.int32(colour[1]), np.int32(colour[2]), np.int32(colour[3])
    for x in range(plan.width):
        from_x, from_y = plan.xx * (x + 0.5), plan.yx * (x + 0.5)
        for y in range(rows):
            middle = np.float64(np.int32(y)) + 0.5
            at_x, at_y = from_x + plan.xy * middle + plan.x, from_y + plan.yy * middle + plan.y
            inside = (at_x >= 0.0) & (at_x < wide) & (at_y >= 0.0) & (at_y < high)
            at_x, at_y = at_x - 0.5, at_y - 0.5
            column, row = math.floor(at_x), math.floor(at_y)
            part_x[y], part_y[y] = at_x - column, at_y - row
            place = np.uint32(np.int32(row) + np.int32(1)) * line + np.uint32(np.int32(column) + np.int32(1))
            index[y] = start + place if inside else empty
        for y in range(rows):
            words[y] = corners[index[y]]
        at = np.uint64(x * stride)
        for y in range(np.uint64(rows)):
            four, share_x, share_y = words[y], part_x[y], part_y[y]
            nw, ne = scale_level(np.int32(_byte(four, 0)), opacity), scale_level(np.int32(_byte(four, 8)), opacity)
            sw, se = scale_level(np.int32(_byte(four, 16)), opacity), scale_level(np.int32(_byte(four, 24)), opacity)
            alpha = _between(nw, ne, sw, se, share_x, share_y)
            r = _tinted(red, nw, ne, sw, se, share_x, share_y)
            g = _tinted(green, nw, ne, sw, se, share_x, share_y)
            b = _tinted(blue, nw, ne, sw, se, share_x, share_y)
            turned[at + y] = _premultiplied(r, g, b, alpha, straight)


@njit(nogil=True)
def _byte(word: UInt32, shift: Int64) -> Float32:
    return np.float32(np.int32((word >> np.uint32(shift)) & np.uint32(255)))


@njit(nogil=True)
def _tinted(level: Int32, nw: Int32, ne: Int32, sw: Int32, se: Int32, x: Float64, y: Float64) -> Int32:
    return _between(
        scale_level(level, nw), scale_level(level, ne), scale_level(level, sw), scale_level(level, se), x, y
    )


@njit(nogil=True)
def _between(nw: Int32, ne: Int32, sw: Int32, se: Int32, x: Float64, y: Float64) -> Int32:
    upper = np.float64(nw) + np.float64(np.int32(ne - nw)) * x
    lower = np.float64(sw) + np.float64(np.int32(se - sw)) * x
    return np.int32(upper + (lower - upper) * y)


@njit(nogil=True)
def _premultiplied(red: Int32, green: Int32, blue: Int32, alpha: Int32, straight: bool) -> UInt32:
    """Divide by alpha and multiply again, as Pillow does between two steps; both cut."""
    inverse = np.float32(255) / np.float32(max(alpha, np.int32(1)))
    r, g, b = divide_out(red, inverse), divide_out(green, inverse), divide_out(blue, inverse)
    if straight:
        return pack(r, g, b, alpha)
    return pack(scale_level(r, alpha), scale_level(g, alpha), scale_level(b, alpha), alpha)
