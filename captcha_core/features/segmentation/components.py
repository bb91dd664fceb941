"""Ink to components: connected components, specks and lines dropped, dots joined to their letters."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from statistics import median

import cv2
import numpy as np

from captcha_core.spec.answer import Box

SPECK = 0.4  # of the text height: what is lower and light is no letter
LIGHT = 0.3  # of the middle letter's area
WIDEST = 1.7  # of the text height: what is wider holds several letters
SPARSE = 0.08  # a frame or a loose curve fills less of its box than any letter
THICK_SHARE = 0.6  # of the ink survives an opening of 3 x 3: strokes are at least three pixels wide
WHISKER = 0.2  # of the text height: thin ink that sticks out further is no serif
MIN_TEXT_PX = 5
MIN_TEXT = 0.12  # of the picture's height
STACKED = 0.6  # of the narrower component's columns
DOT_GAP = 0.35  # of the text height, between an i and its dot
NEAR = np.ones((3, 3), dtype=np.uint8)  # a pixel and its neighbours
PAIR = np.ones((2, 2), dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class Component:
    """Connected ink: the labels it has in a label picture, its box in px and its area in px."""

    ids: tuple[int, ...]
    left: int
    top: int
    right: int
    bottom: int
    area: int

    @property
    def box(self) -> Box:
        """Left, top, right and bottom edge."""
        return self.left, self.top, self.right, self.bottom

    @property
    def width(self) -> int:
        """Columns of the box."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Rows of the box."""
        return self.bottom - self.top

    def overlap(self, other: "Component") -> float:
        """Return the share of the narrower component's columns that both have."""
        shared = min(self.right, other.right) - max(self.left, other.left)
        return max(0, shared) / min(self.width, other.width)

    def joined(self, other: "Component") -> "Component":
        """Return both as one component."""
        return Component(
            self.ids + other.ids,
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
            self.area + other.area,
        )


@dataclass(frozen=True, slots=True)
class Layout:
    """The components of one picture, left to right.

    Args:
        labels: int32 (H, W), which component a pixel belongs to; 0 is background.
        components: What may be letters.
        text_px: Height of the text.
        lost: Share of the ink that is surely letters' and that no component holds.
        thick: The mask without thin lines, where that can be told.
        seams: How many seams through touching letters led here.
        cost: What the seams cost together, see :mod:`captcha_core.features.segmentation.seams`.
    """

    labels: np.ndarray
    components: tuple[Component, ...]
    text_px: int
    lost: float = 0.0
    thick: np.ndarray | None = None
    seams: int = 0
    cost: float = 0.0

    @classmethod
    def empty(cls, shape: tuple[int, ...]) -> "Layout":
        """Return a layout without components for a picture of ``shape`` (H, W)."""
        return cls(np.zeros(shape, dtype=np.int32), (), 0)

    def judged(self, lost: float, thick: np.ndarray | None) -> "Layout":
        """Return the layout with what is known of its loss and of its thick strokes."""
        return replace(self, lost=lost, thick=thick)

    def legible(self) -> bool:
        """Return whether the components are as high as text, and not the grain of the paper."""
        return bool(self.text_px >= max(MIN_TEXT_PX, MIN_TEXT * self.labels.shape[0]))

    def plausible(self) -> bool:
        """Return whether each component can be one letter."""
        heights = [component.height for component in self.components]
        return bool(self.components) and (
            max(component.width for component in self.components) <= WIDEST * self.text_px
            and min(heights) >= 0.45 * max(heights)
        )

    def stacked(self) -> int:
        """Return how many neighbours stand above each other, which whole letters do not."""
        return sum(left.overlap(right) > STACKED for left, right in pairwise(self.components))

    def own(self, components: Iterable[Component]) -> np.ndarray:
        """Return which pixels belong to the components, bool (H, W)."""
        chosen = np.zeros(int(self.labels.max()) + 1, dtype=bool)
        chosen[[label for component in components for label in component.ids]] = True
        return np.asarray(chosen[self.labels])

    def coverage(self, body: np.ndarray) -> float:
        """Return the share of ``body`` that the components hold, their rims included."""
        whole = np.count_nonzero(body)
        if not whole:
            return 1.0
        covered = cv2.dilate(self.own(self.components).view(np.uint8), NEAR)
        return float(np.count_nonzero(body & covered.view(bool))) / whole

    def with_components(self, components: list[Component], **changes: object) -> "Layout":
        """Return the layout with other components, ordered anew."""
        return replace(self, components=_ordered(components), **changes)  # type: ignore[arg-type]


def _ordered(components: Iterable[Component]) -> tuple[Component, ...]:
    return tuple(sorted(components, key=lambda component: component.left + component.right))


def owned(window: np.ndarray, component: Component) -> np.ndarray:
    """Return which pixels of a window of labels belong to a component, bool (h, w)."""
    own = np.asarray(window == component.ids[0])
    for label in component.ids[1:]:
        own |= window == label
    return own


def find_components(mask: np.ndarray) -> Layout:
    """Return the letter-like components of a mask uint8 (H, W)."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    solid = [
        Component((label,), x, y, x + width, y + height, area)
        for label, (x, y, width, height, area) in enumerate(stats.tolist())
        if label and area > 2 and area > SPARSE * (width * height)
    ]
    if not solid:
        return Layout(labels, (), 0)
    text_px = _text_height(solid)
    middle = float(median(component.area for component in solid if component.height >= SPECK * text_px))
    bodies, small = [], []
    for component in solid:
        heavy = component.area >= LIGHT * middle and component.height >= SPECK * text_px
        if heavy or component.height >= 0.7 * text_px:
            bodies.append(component)
        elif component.area >= 0.02 * middle:
            small.append(component)
    return Layout(labels, _ordered(_join_dots(bodies, small, text_px)), text_px)


def _text_height(components: list[Component]) -> int:
    """Return the height that the middle pixel of ink belongs to: specks weigh little, letters much."""
    by_height = sorted(components, key=lambda component: component.height)
    sums = list(accumulate(component.area for component in by_height))
    return by_height[bisect_left(sums, sums[-1] / 2)].height


def _join_dots(bodies: list[Component], small: list[Component], text_px: int) -> list[Component]:
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


def _is_dot(dot: Component, body: Component, text_px: int) -> bool:
    return (
        dot.bottom <= body.top + 1
        and body.top - dot.bottom <= DOT_GAP * text_px
        and dot.overlap(body) >= 0.6
        and dot.height >= 0.06 * text_px
        and dot.width <= 1.5 * max(dot.height, 2)
    )


def join_stacked(layout: Layout) -> Layout:
    """Return the layout with components that stand above each other joined: halves of a broken letter."""
    components = list(layout.components)
    merged: list[Component] = []
    for component in components:
        last = merged[-1] if merged else None
        low = last is not None and min(component.height, last.height) < 0.6 * layout.text_px
        if last is not None and low and last.overlap(component) > STACKED:
            merged[-1] = last.joined(component)
        else:
            merged.append(component)
    return layout.with_components(merged)


def drop_faint(layout: Layout, count: int) -> Layout:
    """Return the layout without the smallest components beyond ``count``, as long as each is far below the others."""
    components = sorted(layout.components, key=lambda component: component.area)
    while len(components) > max(count, 1) and components[0].area < 0.5 * components[1].area:
        components.pop(0)
    return layout.with_components(components)


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
    """Return whether a thin line sticks out of a letter with thick strokes."""
    if layout.thick is None:
        return False
    for component in layout.components:
        left, top, width, height = cv2.boundingRect(
            layout.thick[component.top : component.bottom, component.left : component.right]
        )
        loss = max(left, top, component.width - left - width, component.height - top - height)
        if loss > WHISKER * layout.text_px:
            return True
    return False
