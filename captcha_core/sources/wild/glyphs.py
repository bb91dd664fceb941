"""Masks of single characters, drawn once for each font and size."""

from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

MASTER_SIZES_PX = (20, 40, 80)  # characters that are turned or scaled are made from the nearest of these
STROKES = "strokes"  # Hershey's fonts: thin lines of any thickness
HERSHEY = (
    cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_PLAIN, cv2.FONT_HERSHEY_COMPLEX | cv2.FONT_ITALIC, cv2.FONT_HERSHEY_SIMPLEX | cv2.FONT_ITALIC,
)  # fmt: skip
BITMAP = "bitmap"  # Pillow's own font of 11 pixels, as the built-in ones of GD look
GLYPHS_KEPT = 150_000


class Glyph(NamedTuple):
    """A character at one size.

    Attributes:
        mask: uint8 (H, W), cut to the ink.
        left: Pixels from the pen to the ink.
        top: Pixels from the base line down to the top of the ink; negative above it.
        advance: Pixels from this pen to the next.
    """

    mask: np.ndarray
    left: float
    top: float
    advance: float


def master(font: str, size_px: float, character: str) -> tuple[Glyph, float]:
    """Return a glyph to be scaled, and the factor that makes it as large as wanted."""
    fitting = next((size for size in MASTER_SIZES_PX if size >= size_px * 0.8), MASTER_SIZES_PX[-1])
    return glyph(font, fitting, character), size_px / fitting


@lru_cache(maxsize=GLYPHS_KEPT)
def glyph(font: str, size_px: int, character: str, aliased: bool = False) -> Glyph:
    """Return a character's mask.

    Args:
        font: A file, ``strokes/STYLE/THICKNESS``, or ``bitmap``.
        size_px: Of the em.
        character: What to draw.
        aliased: Draw without grey edges, as old sites do.
    """
    if font.startswith(STROKES):
        return _of_strokes(font, size_px, character)
    if font == BITMAP:
        return _of_pixels(size_px, character)
    drawn, page = _font(font, size_px), Image.new("L", (4 * size_px, 3 * size_px))
    draw = ImageDraw.Draw(page)
    draw.fontmode = "1" if aliased else "L"
    draw.text((size_px, 2 * size_px), character, fill=255, font=drawn, anchor="ls")
    return _cut(np.asarray(page), size_px, 2 * size_px, drawn.getlength(character))


@lru_cache(maxsize=400)
def _font(path: str, size_px: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size_px, layout_engine=ImageFont.Layout.BASIC)


def _of_strokes(font: str, size_px: int, character: str) -> Glyph:
    _, style, thickness = font.split("/")
    page = np.zeros((3 * size_px, 4 * size_px), dtype=np.uint8)
    scale = size_px / (18.0 if HERSHEY[int(style)] == cv2.FONT_HERSHEY_PLAIN else 30.0)
    width = max(1, round(float(thickness) * size_px))
    cv2.putText(page, character, (size_px, 2 * size_px), HERSHEY[int(style)], scale, 255, width, cv2.LINE_AA)
    (advance, _), _ = cv2.getTextSize(character, HERSHEY[int(style)], scale, width)
    return _cut(page, size_px, 2 * size_px, float(advance))


def _of_pixels(size_px: int, character: str) -> Glyph:
    page = Image.new("L", (24, 24))
    ImageDraw.Draw(page).text((8, 6), character, fill=255, font=ImageFont.load_default_imagefont())
    factor = max(1, round(size_px / 11))
    large = np.asarray(page).repeat(factor, axis=0).repeat(factor, axis=1)
    return _cut(large, 8 * factor, 15 * factor, 6.0 * factor)


def _cut(page: np.ndarray, pen: int, base: int, advance: float) -> Glyph:
    left, top, width, height = cv2.boundingRect(page)
    mask = np.ascontiguousarray(page[top : top + max(height, 1), left : left + max(width, 1)])
    return Glyph(mask, float(left - pen), float(top - base), advance)
