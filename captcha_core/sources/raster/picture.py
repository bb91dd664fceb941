"""One picture from its random bits: page, characters, lines, dots and arcs, and the finish."""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
from numba import njit

from captcha_core.sources.kernel import kernel
from captcha_core.sources.randomness import below, fraction
from captcha_core.sources.raster.cache import sources_digest
from captcha_core.sources.raster.canvas import Canvas, fill, give_out, narrowed, new_canvas, smooth, squeeze
from captcha_core.sources.raster.effects import (
    GROUND_SLOTS,
    LINE_SLOTS,
    STAR_SLOTS,
    WAVE_SLOTS,
    draw_stars,
    ground,
    strike,
    wave,
)
from captcha_core.sources.raster.glyphs import Glyphs
from captcha_core.sources.raster.levels import Int64, UInt32, pack, whole_lanes
from captcha_core.sources.raster.look import RenderParams
from captcha_core.sources.raster.noise import draw_arc, draw_dots
from captcha_core.sources.raster.resample import Weights, new_weights, taps_for
from captcha_core.sources.raster.tile import Scratch, draw_tile, new_scratch

# The package's bits of a picture: HEAD of the whole, EACH for every character (a gap's first), then dots, then arcs.
HEAD, EACH, ARC = 7, 23, 6
# The other bits: START for where the text begins, the ground, the wave, EXTRA for every character, lines, stars.
START, EXTRA = 1, 6
SHIFTS = (5, 7)  # a character starts up to 4 px to the right and 6 px down in its tile


class Workspace(NamedTuple):
    """Buffers of one drawing: the page as wide as the text, as wide as the picture, a second one; what these need."""

    page: Canvas
    narrow: Canvas
    other: Canvas
    weights: Weights
    scratch: Scratch
    sums: np.ndarray
    fours: np.ndarray
    greys: np.ndarray


def new_workspace(size_px: tuple[int, int], length: int, glyphs: Glyphs, look: RenderParams) -> Workspace:
    """Return room for pictures of a size (height, width) with texts of up to a length."""
    height, width = size_px
    widest = max(2 * length * int(glyphs.tile[:, :, 1].max()), width)
    taps, stride = taps_for(widest, width), whole_lanes(height)
    fours = np.zeros(stride + height * -(-width // 4), dtype=np.uint32)
    return Workspace(
        page=new_canvas(height, widest, max(taps, 4)),
        narrow=new_canvas(height, width, 4),
        other=new_canvas(height, width, 4),
        weights=new_weights(width, max(taps, 6), 4 * stride),
        scratch=new_scratch(glyphs, look),
        sums=np.zeros(3 * 4 * stride, dtype=np.uint16),
        fours=fours,
        greys=fours.view(np.uint8),
    )


def package_slots(look: RenderParams, length: int) -> int:
    """Return how many random bits the package's part of a picture takes."""
    return HEAD + EACH * length + 2 * look.dots + ARC * look.arcs


def other_slots(look: RenderParams, length: int) -> int:
    """Return how many random bits everything else takes."""
    return START + GROUND_SLOTS + WAVE_SLOTS + EXTRA * length + LINE_SLOTS * look.lines + STAR_SLOTS * look.stars


@cache
def compiled(digest: int = 0) -> Callable[..., None]:
    """Return the compiled loop over pictures; see ``raster.cache`` for the digest."""
    digest = digest or sources_digest()

    @kernel()
    def draw_all(
        bits: np.ndarray,
        others: np.ndarray,
        characters: np.ndarray,
        lengths: np.ndarray,
        glyphs: Glyphs,
        look: RenderParams,
        stamp: np.ndarray,
        room: Workspace,
        pictures: np.ndarray,
    ) -> None:
        digest  # noqa: B018 - so that numba takes no other version from the disk
        for row in range(pictures.shape[0]):
            text = characters[row, : lengths[row]]
            _draw(bits[row], others[row], text, glyphs, look, stamp, room, pictures[row])

    return draw_all


@njit(nogil=True)
def _draw(
    bits: np.ndarray,
    others: np.ndarray,
    text: np.ndarray,
    glyphs: Glyphs,
    look: RenderParams,
    stamp: np.ndarray,
    room: Workspace,
    picture: np.ndarray,
) -> None:
    lines = others[START + GROUND_SLOTS + WAVE_SLOTS + EXTRA * len(text) :]
    stars = lines[LINE_SLOTS * look.lines :]
    pixel = _draw_text(bits, others, stars, text, glyphs, look, room)
    canvas, spare = room.narrow, room.other
    waves = others[START + GROUND_SLOTS :]
    if look.wave_px > 0.0:
        wave(canvas, spare, waves, look)
        canvas, spare = spare, canvas
    for line in range(look.lines):
        strike(canvas, lines[LINE_SLOTS * line :], waves, look, pixel)
    draw_stars(canvas, stars, look, True)
    _draw_noise(bits[HEAD + EACH * len(text) :], look, stamp, pixel, canvas)
    if look.smooth:
        smooth(canvas, spare, room.sums)
        canvas = spare
    give_out(canvas, picture, room.fours, room.greys)


@njit(nogil=True)
def _level(bits: UInt32, span: tuple) -> Int64:
    return span[0] + below(bits, span[1] - span[0] + 1)


@njit(nogil=True)
def _around(bits: UInt32, reach: Int64) -> Int64:
    return below(bits, 2 * reach + 1) - reach


@njit(nogil=True)
def _draw_text(
    bits: np.ndarray,
    others: np.ndarray,
    stars: np.ndarray,
    text: np.ndarray,
    glyphs: Glyphs,
    look: RenderParams,
    room: Workspace,
) -> UInt32:
    """Draw page and text; return the text's colour as a pixel."""
    faces, blank = glyphs.tile.shape[0], glyphs.tile.shape[1] - 1
    page, target, count = room.page, room.narrow, len(text)
    red, green, blue = (
        _level(bits[4], look.foreground),
        _level(bits[5], look.foreground),
        _level(bits[6], look.foreground),
    )
    opacity = _level(bits[3], look.opacity)
    text_width = 0
    for place in range(count):
        slots = bits[HEAD + EACH * place :]
        if fraction(slots[0]) > look.space_probability:
            text_width += glyphs.tile[below(slots[1], faces), blank, 1]
        text_width += glyphs.tile[below(slots[11], faces), text[place], 1]
    average = text_width // count
    slack, left = int(look.overlap * average), int(average * 0.1)
    flowing = look.pitch_px == 0.0
    canvas = narrowed(page, text_width) if flowing and text_width > target.width else target
    fill(canvas, _level(bits[0], look.background), _level(bits[1], look.background), _level(bits[2], look.background))
    if look.gradient > 0 or look.texture > 0:
        ground(canvas, others[START:], look)
    draw_stars(canvas, stars, look, False)
    if not flowing:
        left = look.margin_px
    elif look.loose:
        free = canvas.width - text_width + (count - 1) * slack // 2
        left = below(others[0], max(free, 0) + 1)
    for place in range(count):
        slots = bits[HEAD + EACH * place :]
        more = others[START + GROUND_SLOTS + WAVE_SLOTS + EXTRA * place :]
        if look.colour_each:
            red, green, blue = (
                _level(more[0], look.foreground),
                _level(more[1], look.foreground),
                _level(more[2], look.foreground),
            )
            opacity = _level(more[3], look.opacity)
        if not flowing:
            left = look.margin_px + int(place * look.pitch_px)
        elif fraction(slots[0]) > look.space_probability:
            left += glyphs.tile[below(slots[1], faces), blank, 1] - below(slots[21], slack + 1)
        at = left + _around(more[4], look.jitter_x_px), _around(more[5], look.jitter_y_px)
        draw_tile(slots[11:21], text[place], glyphs, look, (red, green, blue, opacity), room.scratch, canvas, at)
        left += glyphs.tile[below(slots[11], faces), text[place], 1] - below(slots[22], slack + 1)
    if canvas.width > target.width:
        squeeze(canvas, target, room.weights)
    return pack(red, green, blue, 0)


@njit(nogil=True)
def _draw_noise(bits: np.ndarray, look: RenderParams, stamp: np.ndarray, pixel: UInt32, canvas: Canvas) -> None:
    width, height = canvas.width, canvas.height
    draw_dots(canvas, bits, look.dots, stamp, pixel)
    side, rim = width // 5, height // 5
    for arc in range(look.arcs):
        curve = bits[2 * look.dots + ARC * arc :]
        left, right = below(curve[0], side + 1), below(curve[1], width - side + 1) + side
        top = below(curve[2], height - 2 * rim + 1) + rim
        bottom = below(curve[3], height - top - rim + 1) + top
        end, start = below(curve[4], 41) + 160, below(curve[5], 21)
        draw_arc(canvas, left, top, right, bottom, start, end, pixel)
