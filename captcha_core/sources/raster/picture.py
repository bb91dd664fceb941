"""One picture from its random numbers: background, characters, effects and the finish, in their order."""

from collections.abc import Callable
from functools import cache
from typing import Annotated, NamedTuple

import numpy as np
from numba import njit

from captcha_core.sources.kernel import kernel, sources_digest
from captcha_core.sources.randomness import RENDER, Slots
from captcha_core.sources.raster.canvas import Canvas, export, fill, narrowed, new_canvas, squeeze
from captcha_core.sources.raster.effects import arcs, dots, ground, stars, wave
from captcha_core.sources.raster.effects.arcs import draw_arcs
from captcha_core.sources.raster.effects.dots import dot_stamp, draw_dots
from captcha_core.sources.raster.effects.ground import draw_ground
from captcha_core.sources.raster.effects.smooth import smooth
from captcha_core.sources.raster.effects.stars import draw_stars
from captcha_core.sources.raster.effects.wave import bend, draw_lines
from captcha_core.sources.raster.glyphs import Glyphs
from captcha_core.sources.raster.knobs import ImageKnobs, RenderParams
from captcha_core.sources.raster.levels import Int64, UInt32, pack, random_level, whole_lanes
from captcha_core.sources.raster.resample import Weights, new_weights, taps_for
from captcha_core.sources.raster.text import CHARACTER_SLOTS, OWN_SLOTS, START_SLOTS, draw_text, text_colour, text_width
from captcha_core.sources.raster.turn import Scratch, new_scratch


class Draws(NamedTuple):
    """The random numbers of a batch, each part's by its name; see :func:`captcha_core.sources.randomness.deal`.

    A new name goes to the end: within a stream the order decides what existing pictures look like.
    """

    background: Annotated[np.ndarray, Slots(3, stream=RENDER)]
    opacity: Annotated[np.ndarray, Slots(1, stream=RENDER)]
    foreground: Annotated[np.ndarray, Slots(3, stream=RENDER)]
    characters: Annotated[np.ndarray, CHARACTER_SLOTS]
    dots: Annotated[np.ndarray, dots.SLOTS]
    arcs: Annotated[np.ndarray, arcs.SLOTS]
    start: Annotated[np.ndarray, START_SLOTS]
    ground: Annotated[np.ndarray, ground.SLOTS]
    wave: Annotated[np.ndarray, wave.WAVE_SLOTS]
    own: Annotated[np.ndarray, OWN_SLOTS]
    lines: Annotated[np.ndarray, wave.LINE_SLOTS]
    stars: Annotated[np.ndarray, stars.SLOTS]


class Workspace(NamedTuple):
    """Buffers of one drawing: canvases as wide as the text and as the picture, a second one, and what these need."""

    wide: Canvas
    narrow: Canvas
    other: Canvas
    weights: Weights
    scratch: Scratch
    dot_stamp: np.ndarray
    sums: np.ndarray
    fours: np.ndarray
    greys: np.ndarray


def new_workspace(size_px: tuple[int, int], length: int, glyphs: Glyphs, knobs: ImageKnobs) -> Workspace:
    """Return room for pictures of a size (height, width) with texts of up to a length."""
    height, width = size_px
    widest = max(2 * length * int(glyphs.tile[:, :, 1].max()), width)
    taps, stride = taps_for(widest, width), whole_lanes(height)
    fours = np.zeros(stride + height * -(-width // 4), dtype=np.uint32)
    return Workspace(
        wide=new_canvas(height, widest, max(taps, 4)),
        narrow=new_canvas(height, width, 4),
        other=new_canvas(height, width, 4),
        weights=new_weights(width, max(taps, 6), 4 * stride),
        scratch=new_scratch(glyphs, knobs),
        dot_stamp=dot_stamp(knobs.dot_width_px),
        sums=np.zeros(3 * 4 * stride, dtype=np.uint16),
        fours=fours,
        greys=fours.view(np.uint8),
    )


@cache
def compiled(digest: int = 0) -> Callable[..., None]:
    """Return the compiled loop over pictures; see :func:`captcha_core.sources.kernel.sources_digest`."""
    digest = digest or sources_digest()

    @kernel()
    def draw_all(
        draws: Draws,
        characters: np.ndarray,
        lengths: np.ndarray,
        glyphs: Glyphs,
        params: RenderParams,
        workspace: Workspace,
        pictures: np.ndarray,
    ) -> None:
        digest  # noqa: B018 - so that numba takes no other version from the disk
        for row in range(pictures.shape[0]):
            text = characters[row, : lengths[row]]
            canvas, ink = _draw_text(draws, row, text, glyphs, params, workspace)
            canvas = _draw_over_text(canvas, draws, row, params, workspace, ink)
            export(canvas, pictures[row], workspace.fours, workspace.greys)

    return draw_all


@njit(nogil=True)
def _draw_text(
    draws: Draws, row: Int64, text: np.ndarray, glyphs: Glyphs, params: RenderParams, workspace: Workspace
) -> tuple[Canvas, UInt32]:
    """Draw the background, what lies on it and the text; return the canvas and the text's colour as a pixel."""
    slots, target = draws.characters[row], workspace.narrow
    width = text_width(slots, text, glyphs, params)
    wider = params.pitch_px == 0.0 and width > target.width
    canvas = narrowed(workspace.wide, width) if wider else target
    levels, hues = draws.background[row, 0], draws.foreground[row, 0]
    span = params.background
    fill(canvas, random_level(levels[0], span), random_level(levels[1], span), random_level(levels[2], span))
    _draw_behind_text(canvas, draws, row, params)
    colour = text_colour(hues[0], hues[1], hues[2], draws.opacity[row, 0, 0], params)
    colour = draw_text(
        canvas, text, width, colour, slots, draws.own[row], draws.start[row, 0, 0], glyphs, params, workspace.scratch
    )
    if wider:
        squeeze(canvas, target, workspace.weights)
    return target, pack(colour[0], colour[1], colour[2], 0)


@njit(nogil=True)
def _draw_behind_text(canvas: Canvas, draws: Draws, row: Int64, params: RenderParams) -> None:
    if params.gradient > 0 or params.texture > 0:
        draw_ground(canvas, draws.ground[row, 0], params)
    draw_stars(canvas, draws.stars[row], params, False)


@njit(nogil=True)
def _draw_over_text(
    canvas: Canvas, draws: Draws, row: Int64, params: RenderParams, workspace: Workspace, ink: UInt32
) -> Canvas:
    """Apply the effects on a finished text; return the canvas that the last one wrote to."""
    spare = workspace.other
    if params.wave_px > 0.0:
        bend(canvas, spare, draws.wave[row, 0], params)
        canvas, spare = spare, canvas
    draw_lines(canvas, draws.lines[row], draws.wave[row, 0], params, ink)
    draw_stars(canvas, draws.stars[row], params, True)
    draw_dots(canvas, draws.dots[row], workspace.dot_stamp, ink)
    draw_arcs(canvas, draws.arcs[row], ink)
    if params.smooth:
        smooth(canvas, spare, workspace.sums)
        canvas = spare
    return canvas
