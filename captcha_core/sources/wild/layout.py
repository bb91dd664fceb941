"""Where the characters of a text stand, how large they are and how they are turned."""

from dataclasses import dataclass
from math import cos, radians, sin
from typing import NamedTuple

import cv2
import numpy as np

from captcha_core.sources.wild.dice import Dice
from captcha_core.sources.wild.fonts import pick_font
from captcha_core.sources.wild.glyphs import BITMAP, HERSHEY, STROKES, Glyph, glyph, master
from captcha_core.sources.wild.picture import Picture

CAPITAL_EM = 0.72  # height of a capital, as a share of the em


@dataclass(frozen=True)
class Setting:
    """How a text is set. Pairs are the least and the greatest; shares are of the picture's height or width.

    Attributes:
        height: Share of the height that a capital takes.
        fill: Share of the width that the text takes at most.
        rotate: Degrees by which single characters turn to either side at most.
        slant: Sideways shear of single characters at most.
        spacing: Factor for the distance between characters; below 1 they touch and overlap.
        jitter: Share of the height by which characters leave the base line.
        sizes: Share by which characters differ in size.
        stretch: Share by which single characters are made narrower or wider.
        wide: Factor for the width of all characters.
        swing: Share of the height by which the base line goes up and down.
        mixed: Share of the pictures in which every character has a font of its own.
        common: Share of everyday fonts.
        odd: Share of the decorative fonts that are used.
        strokes: Share of the pictures that are drawn in fonts of thin lines.
        pixels: Share of the pictures that are drawn in a font of large pixels.
        aliased: Share of the pictures without grey edges and without turning.
        edge: Share of the room that is left beside the text by which it leaves the centre.
        fonts: Files to draw with; by default any of the machine.
    """

    height: tuple[float, float] = (0.45, 0.8)
    fill: tuple[float, float] = (0.65, 0.97)
    rotate: float = 0.0
    slant: float = 0.0
    spacing: tuple[float, float] = (0.95, 1.3)
    jitter: float = 0.03
    sizes: float = 0.0
    stretch: float = 0.05
    wide: tuple[float, float] = (0.9, 1.15)
    swing: float = 0.0
    mixed: float = 0.1
    common: float = 0.4
    odd: float = 0.25
    strokes: float = 0.04
    pixels: float = 0.0
    aliased: float = 0.1
    edge: float = 0.6
    fonts: tuple[str, ...] = ()


class Layer(NamedTuple):
    """A text, set.

    Attributes:
        alpha: uint8 (H, W), how much of each pixel is covered.
        owner: uint8 (H, W), the number of the character that each pixel belongs to.
        size_px: Size of the em.
    """

    alpha: np.ndarray
    owner: np.ndarray
    size_px: float


class _Piece(NamedTuple):
    mask: np.ndarray
    matrix: tuple[float, float, float, float]
    middle_y: float  # of the ink, down from the base line
    before: float  # from the pen to the middle of the ink
    advance: float


def set_text(picture: Picture, setting: Setting) -> Layer:
    """Return the picture's text as a layer."""
    dice = picture.dice
    fonts = _fonts(dice, picture.text, setting)
    straight = dice.chance(setting.aliased)
    spacing, wide = dice.between(*setting.spacing), 1.0 if straight else dice.between(*setting.wide)
    size_px = _size(picture, setting, fonts, spacing * wide)
    pieces = [
        _piece(dice, font, c, size_px, wide, setting, straight) for font, c in zip(fonts, picture.text, strict=True)
    ]
    return _place(picture, setting, pieces, spacing, size_px, straight)


def _fonts(dice: Dice, text: str, setting: Setting) -> list[str]:
    if setting.fonts:
        each = dice.chance(setting.mixed)
        return [dice.pick(setting.fonts) for _ in text] if each else [dice.pick(setting.fonts)] * len(text)
    if dice.chance(setting.strokes):
        return [f"{STROKES}/{dice.whole(0, len(HERSHEY) - 1)}/{dice.pick((0.04, 0.07, 0.1, 0.15))}"] * len(text)
    if dice.chance(setting.pixels):
        return [BITMAP] * len(text)
    if dice.chance(setting.mixed):
        some = [pick_font(dice, text, setting.common, setting.odd) for _ in range(dice.whole(2, 4))]
        return [dice.pick(some) for _ in text]
    return [pick_font(dice, text, setting.common, setting.odd)] * len(text)


def _size(picture: Picture, setting: Setting, fonts: list[str], spacing: float) -> float:
    """Return the em that fills the wanted share of the height, or of the width where that is less."""
    pairs = list(zip(fonts, picture.text, strict=True))
    advance = sum(glyph(font, 40, c).advance for font, c in pairs) / 40
    tallest = max(glyph(font, 40, c).mask.shape[0] for font, c in pairs) / 40
    by_height = picture.dice.between(*setting.height) * picture.height / max(CAPITAL_EM, 0.9 * tallest)
    by_width = picture.dice.between(*setting.fill) * picture.width / (advance * spacing)
    return float(max(8.0, min(by_height, by_width)))


def _piece(
    dice: Dice, font: str, character: str, size_px: float, wide: float, setting: Setting, straight: bool
) -> _Piece:
    if straight or font == BITMAP:
        return _straight(glyph(font, _whole(size_px), character, aliased=True))
    drawn, scale = master(font, size_px * (1 + dice.between(-setting.sizes, setting.sizes)), character)
    turn = radians(dice.between(-setting.rotate, setting.rotate))
    slant = dice.between(-setting.slant, setting.slant)
    tall, across = scale, scale * wide
    wide = across * (1 + dice.between(-setting.stretch, setting.stretch))
    matrix = (wide * cos(turn), tall * (slant * cos(turn) - sin(turn)), wide * sin(turn),
              tall * (slant * sin(turn) + cos(turn)))  # fmt: skip
    rows, columns = drawn.mask.shape
    return _Piece(
        drawn.mask, matrix, (drawn.top + rows / 2) * tall, (drawn.left + columns / 2) * across, drawn.advance * across
    )


def _whole(size_px: float) -> int:
    """Return a size that is whole, and even where that makes little difference: so fewer glyphs are drawn."""
    return round(size_px) if size_px < 24 else 2 * round(size_px / 2)


def _straight(drawn: Glyph) -> _Piece:
    rows, columns = drawn.mask.shape
    return _Piece(drawn.mask, (1, 0, 0, 1), drawn.top + rows / 2, drawn.left + columns / 2, drawn.advance)


def _place(
    picture: Picture, setting: Setting, pieces: list[_Piece], spacing: float, size_px: float, straight: bool
) -> Layer:
    dice, height, width = picture.dice, picture.height, picture.width
    alpha, owner = np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint8)
    total = sum(piece.advance for piece in pieces) * spacing
    room = (width - total) / 2
    pen = room + room * dice.between(-setting.edge, setting.edge)
    top = min(piece.middle_y - piece.mask.shape[0] * abs(piece.matrix[3]) / 2 for piece in pieces)
    bottom = max(piece.middle_y + piece.mask.shape[0] * abs(piece.matrix[3]) / 2 for piece in pieces)
    free = max(0.0, height - (bottom - top)) / 2
    base = height / 2 - (top + bottom) / 2 + free * dice.between(-setting.edge, setting.edge) * 0.6
    swing, phase, step = height * dice.between(0, setting.swing), dice.between(0, 6.3), dice.between(0.4, 1.8)
    for number, piece in enumerate(pieces):
        x = pen + piece.before + (spacing - 1) * piece.advance / 2
        y = base + piece.middle_y + height * dice.between(-setting.jitter, setting.jitter)
        y += swing * sin(phase + step * number)
        _stamp(alpha, owner, piece, round(x) if straight else x, round(y) if straight else y, number)
        pen += piece.advance * spacing
    return Layer(alpha, owner, size_px)


def _stamp(alpha: np.ndarray, owner: np.ndarray, piece: _Piece, x: float, y: float, number: int) -> None:
    """Draw a character around a point."""
    rows, columns = piece.mask.shape
    a, b, c, d = piece.matrix
    half_x = (abs(a) * columns + abs(b) * rows) / 2 + 1
    half_y = (abs(c) * columns + abs(d) * rows) / 2 + 1
    left, top = max(0, int(x - half_x)), max(0, int(y - half_y))
    right, bottom = min(alpha.shape[1], int(x + half_x) + 1), min(alpha.shape[0], int(y + half_y) + 1)
    if right <= left or bottom <= top:
        return
    shift_x = x - left - (a * columns + b * rows) / 2
    shift_y = y - top - (c * columns + d * rows) / 2
    if piece.matrix == (1, 0, 0, 1):
        shift_x, shift_y = round(shift_x), round(shift_y)
    matrix = np.array([[a, b, shift_x], [c, d, shift_y]], dtype=np.float64)
    drawn = cv2.warpAffine(piece.mask, matrix, (right - left, bottom - top))
    part = alpha[top:bottom, left:right]
    owner[:, left:] = number
    np.copyto(owner[top:bottom, left:right], max(number - 1, 0), where=part > drawn)
    np.maximum(part, drawn, out=part)
