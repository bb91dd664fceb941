"""Candidates for the letters of one picture: which pixels may be theirs, from the likeliest guess to the boldest."""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from captcha_core.features.segmentation.components import (
    Layout,
    find_components,
    has_whiskers,
    thick_strokes,
    without_thin,
)

MAX_LOST = 0.15  # of the sure ink may be missing from the components of a candidate
SURE = 0.4  # of the typical contrast: ink that strong and that thick belongs to letters


def candidates(distance: np.ndarray, typical: float, thresholds: Sequence[float]) -> Iterator[Iterator[Layout]]:
    """Yield the candidates of three stages: the picture as it is, then without specks, then without thin lines.

    Args:
        distance: uint8 (H, W), contrast with the background.
        typical: Mean contrast of ink.
        thresholds: Shares of ``typical`` from which on a pixel counts as ink.

    Yields:
        The candidates of a stage, computed one by one. Those that lose ink which surely belongs to a letter are left
        out, and so are those in which a line sticks out of a letter.
    """
    opened = without_thin(distance)
    surest = find_components(_mask(opened, SURE * typical))
    sure = surest.own(surest.components)
    for cleaned in (distance, cv2.medianBlur(distance, 3), opened):
        yield _stage(cleaned, [share * typical for share in thresholds], sure, cleaned is not opened)


def _mask(distance: np.ndarray, level: float) -> np.ndarray:
    return cv2.threshold(distance, level, 1, cv2.THRESH_BINARY)[1]


def _stage(cleaned: np.ndarray, levels: list[float], sure: np.ndarray, check_whiskers: bool) -> Iterator[Layout]:
    for level in levels:
        mask = _mask(cleaned, level)
        layout = find_components(mask)
        if not layout.legible() or (lost := 1 - layout.coverage(sure)) > MAX_LOST:
            continue
        judged = layout.judged(lost, thick_strokes(mask) if check_whiskers else None)
        if not has_whiskers(judged):
            yield judged
