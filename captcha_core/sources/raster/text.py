"""Where the characters of a text lie, and their colours: the order in which the `captcha` package draws them."""

import numpy as np
from numba import njit

from captcha_core.sources.randomness import CHARACTERS, EFFECTS, RENDER, Slots, below, fraction
from captcha_core.sources.raster.canvas import Canvas
from captcha_core.sources.raster.glyphs import Glyphs
from captcha_core.sources.raster.knobs import RenderParams
from captcha_core.sources.raster.levels import Colour, Int64, UInt32, random_level
from captcha_core.sources.raster.tile import draw_tile
from captcha_core.sources.raster.turn import Scratch

# Slots of a character, of which the package draws those of the gap only if there is one before it.
CHARACTER_SLOTS = Slots(23, CHARACTERS, RENDER)
GAP, GAP_FACE, TILE, GAP_MOVE, MOVE = 0, 1, 11, 21, 22
OWN_SLOTS = Slots(6, CHARACTERS, EFFECTS)  # what the package lacks: three levels, opacity, jitter across and down
START_SLOTS = Slots(1)
SHIFTS = (5, 7)  # a character starts up to 4 px to the right and 6 px down in its tile


@njit(nogil=True)
def text_width(slots: np.ndarray, text: np.ndarray, glyphs: Glyphs, params: RenderParams) -> Int64:
    """Return the width of a text's tiles and gaps, in pixels."""
    width = 0
    for place in range(len(text)):
        width += _gap_width(slots[place], glyphs, params) + _tile_width(slots[place, TILE], text[place], glyphs)
    return width


@njit(nogil=True)
def _gap_width(slots: np.ndarray, glyphs: Glyphs, params: RenderParams) -> Int64:
    if fraction(slots[GAP]) <= params.space_probability:
        return 0
    return _tile_width(slots[GAP_FACE], glyphs.tile.shape[1] - 1, glyphs)


@njit(nogil=True)
def _tile_width(bits: UInt32, character: Int64, glyphs: Glyphs) -> Int64:
    return np.int64(glyphs.tile[below(bits, glyphs.tile.shape[0]), character, 1])


@njit(nogil=True)
def draw_text(
    canvas: Canvas,
    text: np.ndarray,
    width: Int64,
    colour: Colour,
    slots: np.ndarray,
    own: np.ndarray,
    start: UInt32,
    glyphs: Glyphs,
    params: RenderParams,
    scratch: Scratch,
) -> Colour:
    """Draw a text; return its colour, or the last character's if each has its own.

    Args:
        canvas: To draw on.
        text: Places of the characters in the alphabet.
        width: Of the text, see :func:`text_width`.
        colour: Of the text.
        slots: uint32 (L, each), a row for each character, as the package draws them.
        own: uint32 (L, each), a row for each character of what the package lacks.
        start: Where a loose text begins.
        glyphs: The alphabet.
        params: The knobs.
        scratch: Buffers.
    """
    count, flowing = len(text), params.pitch_px == 0.0
    average = width // count
    slack, left = int(params.overlap * average), int(average * 0.1)
    if flowing and params.loose:
        free = canvas.width - width + (count - 1) * slack // 2
        left = below(start, max(free, 0) + 1)
    for place in range(count):
        more, gap = own[place], _gap_width(slots[place], glyphs, params)
        if params.colour_each:
            colour = text_colour(more[0], more[1], more[2], more[3], params)
        if not flowing:
            left = params.margin_px + int(place * params.pitch_px)
        elif fraction(slots[place, GAP]) > params.space_probability:
            left += gap - below(slots[place, GAP_MOVE], slack + 1)
        at = left + _around(more[4], params.jitter_x_px), _around(more[5], params.jitter_y_px)
        draw_tile(slots[place, TILE:], text[place], glyphs, params, colour, scratch, canvas, at)
        left += _tile_width(slots[place, TILE], text[place], glyphs) - below(slots[place, MOVE], slack + 1)
    return colour


@njit(nogil=True)
def text_colour(red: UInt32, green: UInt32, blue: UInt32, opacity: UInt32, params: RenderParams) -> Colour:
    """Map random bits to a colour of the text."""
    span = params.foreground
    levels = random_level(red, span), random_level(green, span), random_level(blue, span)
    return levels[0], levels[1], levels[2], random_level(opacity, params.opacity)


@njit(nogil=True)
def _around(bits: UInt32, reach: Int64) -> Int64:
    return below(bits, 2 * reach + 1) - reach
