"""Glyph bitmaps of an alphabet, drawn once and laid out for the renderer."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from captcha_core.sources.raster.fonts import check_font, font_path
from captcha_core.sources.raster.strokes import STROKE_FONTS, STROKE_MARGIN_PX, draw_digit

MARGIN_PX = 64


class Glyphs(NamedTuple):
    """Bitmaps of F faces (font and size) and K characters, the space last.

    A glyph's picture depends on the shift within its tile: what lies left of or above the tile is cut off.

    Args:
        corners: uint32, flat; each holds the 2x2 mask levels around a corner between pixels, edges repeated. The last
            one is zero.
        start: int32 (V,) index of a variant's first corner.
        size: int32 (V, 2) height and width of a variant's mask, in pixels.
        offset: int32 (V, 2) rows and columns from the tile's corner to the mask's.
        variant: int32 (F, K + 1, DX, DY) variant of a glyph at a shift; -1 where nothing is visible.
        tile: int32 (F, K + 1, 2) height and width of the tile that a glyph ends up in.
        baseline: int32 (F,) rows from the top of a tile to the line that characters stand on.
    """

    corners: np.ndarray
    start: np.ndarray
    size: np.ndarray
    offset: np.ndarray
    variant: np.ndarray
    tile: np.ndarray
    baseline: np.ndarray


@lru_cache(maxsize=16)
def load_glyphs(fonts: tuple[str, ...], sizes_px: tuple[int, ...], alphabet: str, shifts: tuple[int, int]) -> Glyphs:
    """Draw an alphabet in every font and size.

    Args:
        fonts: Names, see :func:`captcha_core.sources.raster.fonts.font_path`, or a stroke font's.
        sizes_px: Sizes, tried in this order for each font.
        alphabet: Characters; the space is added.
        shifts: Number of shifts (to the right, down) within the tile, 0 included.

    Raises:
        SpecError: If there is no such font, or it lacks a character.
    """
    for font in fonts:
        check_font(font, alphabet)
    faces = [(font, size) for font in fonts for size in sizes_px]
    cuts: list[tuple[np.ndarray, int, int]] = []
    variant = np.full((len(faces), len(alphabet) + 1, *shifts), -1, dtype=np.int32)
    tile = np.zeros((len(faces), len(alphabet) + 1, 2), dtype=np.int32)
    baseline = np.zeros(len(faces), dtype=np.int32)
    for face, (font, size) in enumerate(faces):
        pen = None if font in STROKE_FONTS else ImageFont.truetype(font_path(font), size)
        baseline[face] = pen.getmetrics()[0] if pen else size + STROKE_MARGIN_PX
        for place, character in enumerate(alphabet + " "):
            page, tile[face, place] = _draw(pen, character) if pen else _draw_strokes(font, size, character)
            variant[face, place] = _add_variants(cuts, page, shifts)
    sizes = np.array([mask.shape for mask, _, _ in cuts], dtype=np.int32).reshape(-1, 2)
    offsets = np.array([(top, left) for _, top, left in cuts], dtype=np.int32).reshape(-1, 2)
    corners = [_corners(mask) for mask, _, _ in cuts]
    start = np.cumsum([0] + [len(flat) for flat in corners])[:-1].astype(np.int32)
    return Glyphs(np.concatenate([*corners, np.zeros(1, np.uint32)]), start, sizes, offsets, variant, tile, baseline)


def _draw(face: ImageFont.FreeTypeFont, character: str) -> tuple[np.ndarray, tuple[int, int]]:
    """Return a page with the character's origin at the margin, cut where its tile ends, and the tile's size."""
    side = 2 * MARGIN_PX + 3 * int(face.size)
    page = Image.new("L", (side, side))
    pen = ImageDraw.Draw(page)
    _, _, right, bottom = pen.multiline_textbbox((1, 1), character, font=face)
    height, width = int(bottom), int(right)
    pen.text((MARGIN_PX, MARGIN_PX), character, font=face, fill=255)
    return np.asarray(page)[: MARGIN_PX + height, : MARGIN_PX + width], (height, width)


def _draw_strokes(font: str, size_px: int, character: str) -> tuple[np.ndarray, tuple[int, int]]:
    blank = draw_digit(font, size_px, "0")
    digit = np.zeros_like(blank) if character == " " else draw_digit(font, size_px, character)
    return np.pad(digit, ((MARGIN_PX, 0), (MARGIN_PX, 0))), digit.shape


def _add_variants(cuts: list[tuple[np.ndarray, int, int]], page: np.ndarray, shifts: tuple[int, int]) -> np.ndarray:
    """Add the distinct cuts of a glyph, with their offsets; return (DX, DY) the index of each shift's cut."""
    rows, columns = np.flatnonzero(page.any(axis=1)), np.flatnonzero(page.any(axis=0))
    chosen = np.full(shifts, -1, dtype=np.int32)
    if not len(rows):
        return chosen
    known: dict[tuple[int, int], int] = {}
    for right in range(shifts[0]):
        for down in range(shifts[1]):
            box = max(int(rows[0]), MARGIN_PX - down), max(int(columns[0]), MARGIN_PX - right)
            if box not in known:
                seen = page[box[0] : rows[-1] + 1, box[1] : columns[-1] + 1]
                inked, dark = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
                if not len(inked):
                    continue
                known[box] = len(cuts)
                cut = seen[inked[0] : inked[-1] + 1, dark[0] : dark[-1] + 1]
                cuts.append((cut, box[0] + int(inked[0]) - MARGIN_PX, box[1] + int(dark[0]) - MARGIN_PX))
            chosen[right, down] = known[box]
    return chosen


def _corners(mask: np.ndarray) -> np.ndarray:
    """Pack the four levels around each corner: upper left in the lowest byte, then upper right, lower left, right."""
    wide = np.pad(mask, 1, mode="edge").astype(np.uint32)
    packed = wide[:-1, :-1] | wide[:-1, 1:] << 8 | wide[1:, :-1] << 16 | wide[1:, 1:] << 24
    return packed.astype(np.uint32).ravel()
