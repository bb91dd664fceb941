"""Glyph bitmaps of an alphabet, drawn once by Pillow and laid out for the renderer."""

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from fontTools.ttLib import TTFont, TTLibError
from PIL import Image, ImageDraw, ImageFont

from captcha_core.errors import SpecError

MARGIN_PX = 64


class Glyphs(NamedTuple):
    """Bitmaps of F faces (font and size) and K characters, the space last.

    A glyph's picture depends on the shift within its tile: what lies left of or above the tile is cut off.

    Args:
        corners: uint32, flat; each holds the 2x2 mask levels around a corner between pixels, edges repeated.
        start: int32 (V,) index of a variant's first corner.
        size: int32 (V, 2) height and width of a variant's mask, in pixels.
        variant: int32 (F, K + 1, DX, DY) variant of a glyph at a shift; -1 where nothing is visible.
        tile: int32 (F, K + 1, 2) height and width of the tile that a glyph ends up in.
    """

    corners: np.ndarray
    start: np.ndarray
    size: np.ndarray
    variant: np.ndarray
    tile: np.ndarray

    @property
    def diagonal_px(self) -> int:
        """Side of a square that holds any rotated mask."""
        return int(np.ceil(np.hypot(*self.size.max(axis=0, initial=1)))) + 2


def package_font() -> Path:
    """Return the path of the one font that the `captcha` package brings."""
    from captcha.image import DEFAULT_FONTS

    return Path(DEFAULT_FONTS[0])


def check_font(font: Path, alphabet: str) -> None:
    """Check that a font draws every character of an alphabet.

    Raises:
        SpecError: If the file is no TrueType or OpenType font, or lacks a character.
    """
    try:
        with TTFont(font, lazy=True, fontNumber=0) as tables:
            known = tables.getBestCmap() or {}
    except (OSError, TTLibError) as error:
        raise SpecError(
            f"expected a TrueType or OpenType font, received {font.name} ({error}); name another font."
        ) from None
    missing = "".join(character for character in alphabet if ord(character) not in known)
    if missing:
        raise SpecError(
            f"expected a font with every character of the alphabet, received {font.name}, which lacks {missing!r}; "
            "name another font or narrow the alphabet."
        )


@lru_cache(maxsize=16)
def load_glyphs(fonts: tuple[Path, ...], sizes_px: tuple[int, ...], alphabet: str, shifts: tuple[int, int]) -> Glyphs:
    """Draw an alphabet in every font and size.

    Args:
        fonts: Font files.
        sizes_px: Sizes, tried in this order for each font.
        alphabet: Characters; the space is added.
        shifts: Number of shifts (to the right, down) within the tile, 0 included.

    Raises:
        SpecError: If a font lacks a character.
    """
    for font in fonts:
        check_font(font, alphabet)
    faces = [ImageFont.truetype(font, size) for font in fonts for size in sizes_px]
    masks: list[np.ndarray] = []
    variant = np.full((len(faces), len(alphabet) + 1, *shifts), -1, dtype=np.int32)
    tile = np.zeros((len(faces), len(alphabet) + 1, 2), dtype=np.int32)
    for face, font_face in enumerate(faces):
        for place, character in enumerate(alphabet + " "):
            page, (height, width) = _draw(font_face, character)
            tile[face, place] = height, width
            variant[face, place] = _add_variants(masks, page[: MARGIN_PX + height, : MARGIN_PX + width], shifts)
    size = np.array([mask.shape for mask in masks], dtype=np.int32).reshape(-1, 2)
    corners = [_corners(mask) for mask in masks]
    start = np.cumsum([0] + [len(flat) for flat in corners])[:-1].astype(np.int32)
    return Glyphs(np.concatenate([*corners, np.zeros(1, np.uint32)]), start, size, variant, tile)


def _draw(face: ImageFont.FreeTypeFont, character: str) -> tuple[np.ndarray, tuple[int, int]]:
    """Return a page with the character's origin at the margin, and its tile's height and width."""
    side = 2 * MARGIN_PX + 3 * int(face.size)
    page = Image.new("L", (side, side))
    pen = ImageDraw.Draw(page)
    _, _, width, height = pen.multiline_textbbox((1, 1), character, font=face)
    pen.text((MARGIN_PX, MARGIN_PX), character, font=face, fill=255)
    return np.asarray(page), (int(height), int(width))


def _add_variants(masks: list[np.ndarray], page: np.ndarray, shifts: tuple[int, int]) -> np.ndarray:
    """Add the distinct cuts of a glyph to the masks; return (DX, DY) the index of each shift's cut."""
    known: dict[tuple[int, int, int, int], int] = {}
    chosen = np.full(shifts, -1, dtype=np.int32)
    for right in range(shifts[0]):
        for down in range(shifts[1]):
            seen = page[MARGIN_PX - down :, MARGIN_PX - right :]
            rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
            if not len(rows):
                continue
            top, left = int(rows[0]), int(columns[0])
            box = (top - down, left - right, int(rows[-1]) + 1 - top, int(columns[-1]) + 1 - left)
            if box not in known:
                known[box] = len(masks)
                masks.append(seen[top : top + box[2], left : left + box[3]])
            chosen[right, down] = known[box]
    return chosen


def _corners(mask: np.ndarray) -> np.ndarray:
    """Pack the four levels around each corner: upper left in the lowest byte, then upper right, lower left, right."""
    wide = np.pad(mask, 1, mode="edge").astype(np.uint32)
    packed = wide[:-1, :-1] | wide[:-1, 1:] << 8 | wide[1:, :-1] << 16 | wide[1:, 1:] << 24
    return packed.astype(np.uint32).ravel()
