"""Letters of a captcha: their boxes and crops, and a plain sentence where their number is not the expected one.

Nothing here knows a colour or a site: the background is found, then several candidates (how dark is ink, how thin is a
line) are tried from the likeliest on, and the first with the expected number of plausible letters counts. Touching
letters are divided only where no candidate has that number.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from captcha_core.errors import DataError
from captcha_core.features.segmentation.candidates import candidates
from captcha_core.features.segmentation.components import Layout, drop_faint, has_whiskers, join_stacked
from captcha_core.features.segmentation.contrast import contrast, middle_level
from captcha_core.features.segmentation.crops import letter_crop, refined
from captcha_core.features.segmentation.seams import price_whole, split
from captcha_core.spec.answer import Box

GRAIN = 3.5  # ink stands out from the paper by this many times the paper's own unevenness
SURE_COST = 0.25  # a candidate that costs no more is taken at once
FAIR_COST = 0.35  # seams that cost no more are taken before the picture is cleaned further
Share = Annotated[float, Field(gt=0, lt=1)]


class Segmentation(BaseModel):
    """Settings of the segmentation; they travel in the bundle of a letters model.

    Attributes:
        side_px: Side S of a letter's square.
        pad_px: Empty border inside the square.
        thresholds: Shares of the typical ink's contrast from which on a pixel is ink, in the order tried.
        min_contrast: Levels by which ink must stand out, below which a picture is blank.
        split_touching: Whether touching letters are divided.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    side_px: int = Field(28, ge=12, le=128)
    pad_px: int = Field(2, ge=0, le=16)
    thresholds: tuple[Share, ...] = Field((0.5, 0.4, 0.62, 0.3, 0.75), min_length=1, max_length=16)
    min_contrast: int = Field(16, ge=1, le=128)
    split_touching: bool = True


class Outcome(StrEnum):
    """How a segmentation ended."""

    OK = "ok"
    BLANK = "blank"
    TOO_FEW = "too few"
    TOO_MANY = "too many"
    UNEVEN = "uneven"


@dataclass(frozen=True, slots=True)
class Segments:
    """What was found in one picture.

    Args:
        outcome: OK, or why the letters must not be trusted.
        boxes_px: (left, top, right, bottom) of each component, left to right.
        crops: uint8 (N, S, S): the letters in the order of their boxes.
        expected: The count that was asked for.
        seams: How many seams go through touching letters.
    """

    outcome: Outcome
    boxes_px: tuple[Box, ...]
    crops: np.ndarray
    expected: int | None
    seams: int

    @property
    def ok(self) -> bool:
        """Whether the letters can be trusted."""
        return self.outcome is Outcome.OK

    def sentence(self) -> str:
        """Return why the letters were not found, as one sentence."""
        wanted = f"{self.expected} letters" if self.expected is not None else "letters that stand apart"
        if self.outcome is Outcome.BLANK:
            return f"expected {wanted}, received a picture in which nothing stands out; check the picture."
        found = f"{len(self.boxes_px)} components" if len(self.boxes_px) != 1 else "one component"
        wide = ", too uneven to be single letters" if self.outcome is Outcome.UNEVEN else ""
        return f"expected {wanted}, found {found}{wide}; use a network that reads whole captchas."


def segment(pixels: np.ndarray, expected: int | None = None, settings: Segmentation | None = None) -> Segments:
    """Find the letters of one captcha.

    Args:
        pixels: uint8 (H, W, C), C = 1 or 3.
        expected: The number of letters, or None to take what stands apart.
        settings: How to look; the defaults suit most captchas.

    Raises:
        DataError: If ``pixels`` is no such array.
    """
    settings = settings or Segmentation()
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] not in (1, 3):
        raise DataError(f"expected uint8 (H, W, 1 or 3), received {pixels.dtype} {pixels.shape}; decode the image.")
    distance = contrast(pixels)
    typical = _typical_ink(distance)
    if typical < max(settings.min_contrast, GRAIN * middle_level(distance)):
        return _result(Outcome.BLANK, Layout.empty(distance.shape), distance, expected, settings)
    best, nearest = _choose(distance, typical, pixels, expected, settings)
    if best is not None:
        return _result(Outcome.OK, best, distance, expected, settings)
    return _result(_fault(nearest, expected), nearest, distance, expected, settings)


def _typical_ink(distance: np.ndarray) -> float:
    """Return the mean contrast of what Otsu's threshold takes for ink."""
    level, _ = cv2.threshold(distance, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    ink = distance[distance > level]
    return float(ink.sum(dtype=np.int64)) / ink.size if ink.size else 0.0


def _choose(
    distance: np.ndarray, typical: float, pixels: np.ndarray, expected: int | None, settings: Segmentation
) -> tuple[Layout | None, Layout]:
    """Return the cheapest candidate that fits, if any does, and the one that comes nearest."""
    options: list[Layout] = []
    stages: list[list[Layout]] = []
    for stage in candidates(distance, typical, settings.thresholds):
        stages.append([])
        for candidate in stage:
            layout = _trimmed(candidate, expected)
            stages[-1].append(layout)
            if _fits(layout, expected):
                options.append(price_whole(layout))
                if options[-1].cost <= SURE_COST:
                    return options[-1], options[-1]
    if settings.split_touching and expected is not None:
        strength = distance.astype(np.float32) / typical
        for tried in stages:
            few = [layout for layout in tried if 0 < len(layout.components) < expected]
            for layout in few:
                cheapest = min((option.cost for option in options), default=math.inf)
                divided = split(layout, expected, strength, pixels, cheapest)
                if divided is not None and _fits(divided, expected) and not has_whiskers(divided):
                    options.append(divided)
            if any(option.cost <= FAIR_COST for option in options):
                break
    nearest = min(
        (layout for tried in stages for layout in tried),
        key=lambda layout: abs(len(layout.components) - (expected or 0)),
        default=Layout.empty(distance.shape),
    )
    return min(options, key=lambda layout: layout.cost, default=None), nearest


def _trimmed(layout: Layout, expected: int | None) -> Layout:
    """Return the layout with surplus components joined or dropped where they are plainly parts or specks."""
    if expected is not None and len(layout.components) > expected:
        layout = join_stacked(layout)
    if expected is not None and len(layout.components) > expected:
        layout = drop_faint(layout, expected)
    return layout


def _fits(layout: Layout, expected: int | None) -> bool:
    return layout.plausible() and expected in (None, len(layout.components))


def _fault(nearest: Layout, expected: int | None) -> Outcome:
    count = len(nearest.components)
    if not count:
        return Outcome.BLANK
    if expected is None or count == expected:
        return Outcome.UNEVEN
    return Outcome.TOO_FEW if count < expected else Outcome.TOO_MANY


def _result(
    outcome: Outcome, layout: Layout, distance: np.ndarray, expected: int | None, settings: Segmentation
) -> Segments:
    components = [refined(component, layout.labels, distance) for component in layout.components]
    crops = np.zeros((len(components), settings.side_px, settings.side_px), dtype=np.uint8)
    for index, component in enumerate(components):
        crops[index] = letter_crop(distance, layout.labels, component, settings.side_px, settings.pad_px)
    return Segments(outcome, tuple(component.box for component in components), crops, expected, layout.seams)
