"""What other captchas do to a page and the `captcha` package does not: gradients, textures, waves, lines and stars."""

import math

import numpy as np
from numba import njit

from captcha_core.sources.randomness import below, fraction, mixed
from captcha_core.sources.raster.canvas import Canvas
from captcha_core.sources.raster.levels import Float64, Int64, UInt32, UInt64, pack, unpack
from captcha_core.sources.raster.look import RenderParams

GROUND_SLOTS, WAVE_SLOTS, LINE_SLOTS, STAR_SLOTS = 7, 3, 5, 7
STAR_HEIGHT, STAR_WIDTH = 5, 6
STAR_ROWS = (0b011011, 0b001110, 0b111111, 0b001110, 0b011011)  # an asterisk; its mirror is drawn as often
HARDEST_SLOPE = 0.15  # of a line, in rows a column


@njit(nogil=True)
def ground(canvas: Canvas, bits: np.ndarray, look: RenderParams) -> None:
    """Lay a gradient and a texture of smooth noise on a page."""
    angle = fraction(bits[0]) * 2.0 * math.pi
    slope_x = math.cos(angle) * look.gradient / canvas.width
    slope_y = math.sin(angle) * look.gradient / canvas.height
    red, green, blue = _signed(bits[1]), _signed(bits[2]), _signed(bits[3])
    key = (np.uint64(bits[4]) << np.uint64(32)) | np.uint64(bits[5])
    amount = look.texture * fraction(bits[6])
    pixels, cell = canvas.pixels, 1.0 / look.texture_px
    for x in range(canvas.width):
        for y in range(canvas.height):
            slope = (x - canvas.width * 0.5) * slope_x + (y - canvas.height * 0.5) * slope_y
            grain = amount * _noise(key, x * cell, y * cell) if amount > 0.0 else 0.0
            r, g, b, _ = unpack(pixels[x * canvas.stride + y])
            r, g, b = (
                _level(r + slope * red + grain),
                _level(g + slope * green + grain),
                _level(b + slope * blue + grain),
            )
            pixels[x * canvas.stride + y] = pack(r, g, b, 0)


@njit(nogil=True)
def _signed(bits: UInt32) -> Float64:
    return 2.0 * fraction(bits) - 1.0


@njit(nogil=True)
def _level(value: Float64) -> Int64:
    return min(max(int(value + 0.5), 0), 255)


@njit(nogil=True)
def _noise(key: UInt64, x: Float64, y: Float64) -> Float64:
    """Return smooth noise in [-1, 1]: random heights at whole places, and between them a bilinear surface."""
    column, row = int(x), int(y)
    part_x, part_y = x - column, y - row
    upper = _height(key, column, row) * (1.0 - part_x) + _height(key, column + 1, row) * part_x
    lower = _height(key, column, row + 1) * (1.0 - part_x) + _height(key, column + 1, row + 1) * part_x
    return upper * (1.0 - part_y) + lower * part_y


@njit(nogil=True)
def _height(key: UInt64, column: Int64, row: Int64) -> Float64:
    return _signed(np.uint32(mixed(key + np.uint64(column * 65536 + row)) >> np.uint64(32)))


@njit(nogil=True)
def wave_at(x: Int64, bits: np.ndarray, look: RenderParams) -> Float64:
    """Return how far the wave lowers a column, in pixels."""
    length = look.wave_length_px * (0.75 + 0.5 * fraction(bits[1]))
    height = look.wave_px * (0.5 + 0.5 * fraction(bits[2]))
    return height * math.sin(2.0 * math.pi * (x / length + fraction(bits[0])))


@njit(nogil=True)
def wave(canvas: Canvas, target: Canvas, bits: np.ndarray, look: RenderParams) -> None:
    """Shift every column of a page along a wave; what is pulled in repeats the border."""
    last = canvas.height - 1
    for x in range(canvas.width):
        shift, at = wave_at(x, bits, look), x * canvas.stride
        for y in range(canvas.height):
            row = math.floor(y - shift)
            share = y - shift - row
            upper = canvas.pixels[at + min(max(row, 0), last)]
            lower = canvas.pixels[at + min(max(row + 1, 0), last)]
            target.pixels[at + y] = blend(upper, lower, share)


@njit(nogil=True)
def blend(under: UInt32, over: UInt32, share: Float64) -> UInt32:
    """Mix two pixels."""
    r0, g0, b0, _ = unpack(under)
    r1, g1, b1, _ = unpack(over)
    return pack(_level(r0 + (r1 - r0) * share), _level(g0 + (g1 - g0) * share), _level(b0 + (b1 - b0) * share), 0)


@njit(nogil=True)
def strike(canvas: Canvas, bits: np.ndarray, wave_bits: np.ndarray, look: RenderParams, pixel: UInt32) -> None:
    """Draw a line across the middle of the page that follows its wave.

    Args:
        canvas: The page.
        bits: LINE_SLOTS draws: height, slope and, for a colour of its own, three levels.
        wave_bits: Those of the wave.
        look: The knobs.
        pixel: The text's colour, taken unless characters have each their own.
    """
    if look.colour_each:
        pixel = random_pixel(bits[2:], look.foreground)
    middle = canvas.height * (0.35 + 0.3 * fraction(bits[0]))
    slope, half = HARDEST_SLOPE * _signed(bits[1]), 0.5 * look.line_width_px
    for x in range(canvas.width):
        centre = middle + slope * (x - canvas.width * 0.5) + wave_at(x, wave_bits, look)
        for y in range(max(int(centre - half), 0), min(int(centre + half) + 1, canvas.height)):
            share = min(y + 1.0, centre + half) - max(float(y), centre - half)
            at = x * canvas.stride + y
            canvas.pixels[at] = blend(canvas.pixels[at], pixel, min(max(share, 0.0), 1.0))


@njit(nogil=True)
def random_pixel(bits: np.ndarray, span: tuple) -> UInt32:
    """Return a colour with each primary in a span of levels."""
    count = span[1] - span[0] + 1
    return pack(span[0] + below(bits[0], count), span[0] + below(bits[1], count), span[0] + below(bits[2], count), 0)


@njit(nogil=True)
def draw_stars(canvas: Canvas, bits: np.ndarray, look: RenderParams, in_front: bool) -> None:
    """Draw the stars that lie behind the text or in front of it."""
    for star in range(look.stars):
        slots = bits[STAR_SLOTS * star :]
        if (fraction(slots[2]) < look.stars_in_front) != in_front:
            continue
        left, top = below(slots[0], canvas.width), below(slots[1], canvas.height) + STAR_HEIGHT + 1
        pixel, mirrored = random_pixel(slots[4:], look.star_levels), below(slots[3], 2) == 1
        for row in range(min(STAR_HEIGHT, canvas.height - top)):
            for column in range(min(STAR_WIDTH, canvas.width - left)):
                bit = STAR_WIDTH - 1 - column if mirrored else column
                if (STAR_ROWS[row] >> bit) & 1:
                    canvas.pixels[(left + column) * canvas.stride + top + row] = pixel
