"""Ink to pieces: connected components, specks and lines dropped, dots joined to their letters."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from statistics import median

import cv2
import numpy as np

Box = tuple[int, int, int, int]

SPECK = 0.4  # of the text height: what is lower and light is no letter
LIGHT = 0.3  # of the middle letter's area
WIDEST = 1.7  # of the text height: what is wider holds several letters
SPARSE = 0.08  # a frame or a loose curve fills less of its box than any letter
THICK_SHARE = 0.6  # of the ink survives an opening of 3 x 3: strokes are at least three pixels wide
WHISKER = 0.2  # of the text height: thin ink that sticks out further is no serif
MIN_TEXT_PX = 5
MIN_TEXT = 0.12  # of the picture's height
STACKED = 0.6  # of the narrower piece's columns
DOT_GAP = 0.35  # of the text height, between an i and its dot
NEAR = np.ones((3, 3), dtype=np.uint8)  # a pixel and its neighbours
PAIR = np.ones((2, 2), dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class Piece:
    """Connected ink: the labels it has in a label picture, its box in px and its area in px."""

    ids: tuple[int, ...]
    left: int
    top: int
    right: int
    bottom: int
    area: int

    @property
    def box(self) -> Box:
        return self.left, self.top, self.right, self.bottom

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    def overlap(self, other: "Piece") -> float:
        """Return the share of the narrower piece's columns that both have."""
        shared = min(self.right, other.right) - max(self.left, other.left)
        return max(0, shared) / min(self.width, other.width)

    def joined(self, other: "Piece") -> "Piece":
        return Piece(
            self.ids + other.ids,
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
            self.area + other.area,
        )


@dataclass(frozen=True, slots=True)
class Layout:
    """The pieces of one picture, left to right.

    Args:
        labels: int32 (H, W), which component a pixel belongs to; 0 is background.
        pieces: What may be letters.
        text_px: Height of the text.
        lost: Share of the ink that is surely letters' and that no piece holds.
        thick: The mask without thin lines, where that can be told.
        cuts: How many cuts through touching letters led here.
        cost: What the cuts cost together, see :mod:`captcha_core.features.segmentation.seams`.
    """

    labels: np.ndarray
    pieces: tuple[Piece, ...]
    text_px: int
    lost: float = 0.0
    thick: np.ndarray | None = None
    cuts: int = 0
    cost: float = 0.0

    @classmethod
    def empty(cls, shape: tuple[int, ...]) -> "Layout":
        """Return a layout without pieces for a picture of ``shape`` (H, W)."""
        return cls(np.zeros(shape, dtype=np.int32), (), 0)

    def judged(self, lost: float, thick: np.ndarray | None) -> "Layout":
        """Return the layout with what was found out about it."""
        return Layout(self.labels, self.pieces, self.text_px, lost, thick, self.cuts, self.cost)

    def legible(self) -> bool:
        """Say whether what was found is as high as text, and not the grain of the paper."""
        return self.text_px >= max(MIN_TEXT_PX, MIN_TEXT * self.labels.shape[0])

    def plausible(self) -> bool:
        """Say whether each piece can be one letter."""
        heights = [piece.height for piece in self.pieces]
        return bool(self.pieces) and (
            max(piece.width for piece in self.pieces) <= WIDEST * self.text_px and min(heights) >= 0.45 * max(heights)
        )

    def stacked(self) -> int:
        """Return how many neighbours stand above each other, which whole letters do not."""
        return sum(left.overlap(right) > STACKED for left, right in pairwise(self.pieces))

    def own(self, pieces: Iterable[Piece]) -> np.ndarray:
        """Return which pixels belong to the pieces, bool (H, W)."""
        chosen = np.zeros(int(self.labels.max()) + 1, dtype=bool)
        chosen[[label for piece in pieces for label in piece.ids]] = True
        return chosen[self.labels]

    def coverage(self, body: np.ndarray) -> float:
        """Return the share of ``body`` that the pieces hold, their rims included."""
        whole = np.count_nonzero(body)
        if not whole:
            return 1.0
        held = cv2.dilate(self.own(self.pieces).view(np.uint8), NEAR)
        return float(np.count_nonzero(body & held.view(bool))) / whole

    def with_pieces(self, pieces: list[Piece], **changes: object) -> "Layout":
        return replace(self, pieces=_ordered(pieces), **changes)  # type: ignore[arg-type]


def _ordered(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    return tuple(sorted(pieces, key=lambda piece: piece.left + piece.right))


def owned(window: np.ndarray, piece: Piece) -> np.ndarray:
    """Return which pixels of a window of labels belong to a piece, bool (h, w)."""
    own = window == piece.ids[0]
    for label in piece.ids[1:]:
        own |= window == label
    return own


def find_pieces(mask: np.ndarray) -> Layout:
    """Return the letter-like components of a mask uint8 (H, W)."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    solid = [
        Piece((label,), x, y, x + width, y + height, area)
        for label, (x, y, width, height, area) in enumerate(stats.tolist())
        if label and area > 2 and area > SPARSE * (width * height)
    ]
    if not solid:
        return Layout(labels, (), 0)
    text_px = _text_height(solid)
    middle = float(median(piece.area for piece in solid if piece.height >= SPECK * text_px))
    bodies, small = [], []
    for piece in solid:
        heavy = piece.area >= LIGHT * middle and piece.height >= SPECK * text_px
        if heavy or piece.height >= 0.7 * text_px:
            bodies.append(piece)
        elif piece.area >= 0.02 * middle:
            small.append(piece)
    return Layout(labels, _ordered(_join_dots(bodies, small, text_px)), text_px)


def _text_height(pieces: list[Piece]) -> int:
    """Return the height that the middle pixel of ink belongs to: specks weigh little, letters much."""
    by_height = sorted(pieces, key=lambda piece: piece.height)
    sums = list(accumulate(piece.area for piece in by_height))
    return by_height[bisect_left(sums, sums[-1] / 2)].height


def _join_dots(bodies: list[Piece], small: list[Piece], text_px: int) -> list[Piece]:
    """Return the bodies with the dot of an i or j joined to the narrow stem under it."""
    joined = []
    for body in bodies:
        whole = body
        if body.width <= 0.6 * text_px:
            above = [dot for dot in small if _is_dot(dot, body, text_px)]
            if above:
                whole = body.joined(max(above, key=lambda dot: dot.area))
        joined.append(whole)
    return joined


def _is_dot(dot: Piece, body: Piece, text_px: int) -> bool:
    return (
        dot.bottom <= body.top + 1
        and body.top - dot.bottom <= DOT_GAP * text_px
        and dot.overlap(body) >= 0.6
        and dot.height >= 0.06 * text_px
        and dot.width <= 1.5 * max(dot.height, 2)
    )


def join_stacked(layout: Layout) -> Layout:
    """Return the layout with pieces that stand above each other joined: halves of a broken letter."""
    pieces = list(layout.pieces)
    merged: list[Piece] = []
    for piece in pieces:
        last = merged[-1] if merged else None
        low = last is not None and min(piece.height, last.height) < 0.6 * layout.text_px
        if last is not None and low and last.overlap(piece) > STACKED:
            merged[-1] = last.joined(piece)
        else:
            merged.append(piece)
    return layout.with_pieces(merged)


def drop_faint(layout: Layout, count: int) -> Layout:
    """Return the layout without the smallest pieces beyond ``count``, as long as each is far below the others."""
    pieces = sorted(layout.pieces, key=lambda piece: piece.area)
    while len(pieces) > max(count, 1) and pieces[0].area < 0.5 * pieces[1].area:
        pieces.pop(0)
    return layout.with_pieces(pieces)


def without_thin(picture: np.ndarray) -> np.ndarray:
    """Return the picture opened by 2 x 2: lines of one pixel go, everything else stays in its place."""
    # OpenCV's own opening would move the picture by a pixel
    return cv2.dilate(cv2.erode(picture, PAIR, anchor=(1, 1)), PAIR, anchor=(0, 0))


def thick_strokes(mask: np.ndarray) -> np.ndarray | None:
    """Return the mask without lines of one pixel, or None where the letters themselves are that thin."""
    opened = without_thin(mask)
    thick = cv2.morphologyEx(mask, cv2.MORPH_OPEN, NEAR)
    return opened if cv2.countNonZero(thick) >= THICK_SHARE * cv2.countNonZero(opened) > 0 else None


def has_whiskers(layout: Layout) -> bool:
    """Say whether a thin line sticks out of a letter with thick strokes."""
    if layout.thick is None:
        return False
    for piece in layout.pieces:
        left, top, width, height = cv2.boundingRect(layout.thick[piece.top : piece.bottom, piece.left : piece.right])
        loss = max(left, top, piece.width - left - width, piece.height - top - height)
        if loss > WHISKER * layout.text_px:
            return True
    return False
