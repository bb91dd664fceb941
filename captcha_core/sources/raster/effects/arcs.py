"""Arcs as the `captcha` package has Pillow draw them: one pixel thick, point for point where Pillow puts them."""

import math

import numpy as np
from numba import njit

from captcha_core.sources.randomness import RENDER, Slots, below
from captcha_core.sources.raster.canvas import Canvas
from captcha_core.sources.raster.levels import Float64, Int64, UInt32

SLOTS = Slots(6, per="arcs", stream=RENDER)  # left, right, top, bottom, end, start
Box = tuple[Int64, Int64, Int64, Int64]  # left, top, width, height


@njit(nogil=True)
def draw_arcs(canvas: Canvas, slots: np.ndarray, pixel: UInt32) -> None:
    """Draw arcs across the middle of the picture; ``slots`` has a row for each."""
    width, height = canvas.width, canvas.height
    side, rim = width // 5, height // 5
    for arc in range(len(slots)):
        left, right = below(slots[arc, 0], side + 1), below(slots[arc, 1], width - side + 1) + side
        top = below(slots[arc, 2], height - 2 * rim + 1) + rim
        bottom = below(slots[arc, 3], height - top - rim + 1) + top
        end, start = below(slots[arc, 4], 41) + 160, below(slots[arc, 5], 21)
        _draw_arc(canvas, (left, top, right - left, bottom - top), start, end, pixel)


@njit(nogil=True)
def _draw_arc(canvas: Canvas, box: Box, start: Float64, end: Float64, pixel: UInt32) -> None:
    """Draw the part of the ellipse in a box from one angle to another: degrees, clockwise from three o'clock."""
    width, height = box[2], box[3]
    planes = np.empty((4, 3), dtype=np.float64)
    pairs = _planes(width, height, start, end, planes)
    a2, b2 = width * width, height * height
    # Bresenham on a grid of step 2 through the quarter with x, y >= 0, from the right end up.
    x, y = width, height % 2
    end_x, end_y = width % 2, height
    line_right, line_y, inner = x, y, x
    done = False
    while not done:
        if x == end_x and y == end_y:
            done = True
        else:
            next_x, next_y = x, y + 2
            best = abs(a2 * next_y * next_y + b2 * next_x * next_x - a2 * b2)
            if x > 1:
                both = abs(a2 * (y + 2) * (y + 2) + b2 * (x - 2) * (x - 2) - a2 * b2)
                if best > both:
                    next_x, next_y, best = x - 2, y + 2, both
                flat = abs(a2 * y * y + b2 * (x - 2) * (x - 2) - a2 * b2)
                if best > flat:
                    next_x, next_y = x - 2, y
            x, y = next_x, next_y
            if y == line_y:
                inner = x
                continue
        for sign in range(2 if line_y > 0 else 1):
            at_y = line_y if sign else -line_y
            if inner > 0 or inner < line_right:
                first = inner if inner != 0 else 2
                _draw_spans(canvas, box, first, line_right, at_y, planes, pairs, pixel)
            _draw_spans(canvas, box, -line_right, -inner, at_y, planes, pairs, pixel)
        line_right, line_y, inner = x, y, x


@njit(nogil=True)
def _clip(low: Int64, high: Int64, y: Int64, a: Float64, b: Float64, c: Float64) -> tuple[Int64, Int64]:
    """Keep the part of a horizontal line where a x + b y + c > 0."""
    if abs(a) < 1e-9:
        return (low, high) if b * y + c >= -1e-9 else (1, 0)
    crossing = -(b * y + c) / a
    first, last = low, high
    if a * low + b * y + c < 1e-9:
        first = _round(max(float(low), crossing))
    if a * high + b * y + c < 1e-9:
        last = _round(min(float(high), crossing))
    return first, last


@njit(nogil=True)
def _round(value: Float64) -> Int64:
    return math.floor(value + 0.5) if value >= 0 else math.ceil(value - 0.5)


@njit(nogil=True)
def _planes(width: Int64, height: Int64, start: Float64, end: Float64, planes: np.ndarray) -> Int64:
    """Fill in the half-planes that cut an ellipse to an arc; return how they combine.

    ``planes`` is float64 (4, 3): half-planes a x + b y + c > 0. For 1 or 2 the arc is where both of a pair (0, 1) or
    (2, 3) hold, for either pair; for -1 where the first three hold; for -2 where any of them does.
    """
    swap = width < height
    if swap:
        width, height, start, end = height, width, 90.0 - end, 90.0 - start
    start = start % 360.0
    end = start + (end - start) % 360.0
    angles = math.radians(start), math.radians(end)
    squares = (width * width - height * height) / 2.0
    left = (-width * math.sin(angles[0]), height * math.cos(angles[0]), squares * math.sin(2 * angles[0]))
    right = (width * math.sin(angles[1]), -height * math.cos(angles[1]), -squares * math.sin(2 * angles[1]))
    everything = (0.0, 0.0, 1.0)
    turns = int(start / 180) + int(end / 180)
    if start % 180.0 == 0 or end % 180.0 == 0:
        rows = (left, right, everything, everything) if end - start < 180 else (left, everything, right, everything)
        pairs = 1 if end - start < 180 else 2
    elif turns % 2 == 1:
        side = (0.0, 1.0 if int(start / 180) % 2 == 0 else -1.0, 0.0)
        other = (0.0, 1.0 if int(end / 180) % 2 == 0 else -1.0, 0.0)
        rows, pairs = (side, left, other, right), 2
    else:
        side = (0.0, 1.0 if end < 180 or end > 540 else -1.0, 0.0)
        if end - start < 180:
            rows, pairs = (left, right, side, side), -1
        else:
            rows, pairs = (left, right, side, side), -2
    for row in range(4):
        a, b, c = rows[row]
        planes[row, 0], planes[row, 1], planes[row, 2] = (b, a, c) if swap else (a, b, c)
    return pairs


@njit(nogil=True)
def _draw_spans(
    canvas: Canvas, box: Box, low: Int64, high: Int64, y: Int64, planes: np.ndarray, pairs: Int64, pixel: UInt32
) -> None:
    """Draw what the half-planes leave of one horizontal line of the ellipse."""
    left, top, width, height = box
    row = top + (y + height) // 2
    if row < 0 or row >= canvas.height:
        return
    pixels, stride = canvas.pixels, canvas.stride
    each = pairs == -2
    for group in range(3 if each else max(pairs, 1)):
        first, last, whole = low, high, True
        for number in range(group if each else 2 * group, group + 1 if each else (3 if pairs == -1 else 2 * group + 2)):
            start, stop = _clip(low, high, y, planes[number, 0], planes[number, 1], planes[number, 2])
            whole = whole and start <= stop
            first, last = max(first, start), min(last, stop)
        if whole and first <= last:
            begin, end = max(left + (first + width) // 2, 0), min(left + (last + width) // 2, canvas.width - 1)
            for column in range(begin, end + 1):
                pixels[column * stride + row] = pixel
