"""Near-twins: the same picture twice, encoded, resized or coloured anew.

Captchas of one site share their page, and short texts share most of their strokes, so bits of a difference hash find
twins everywhere. Here a picture's hash is a small grey plane, from which what all pictures of the set have in common is
taken out; two are compared by correlation, whose sign does not count (a negative is a twin), as a whole and in every
window of a letter's width. The bar lies three quarters of the way from what the nearest stranger reaches to equality.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

HEIGHT_PX, WIDTH_PX = 16, 64
WINDOW_PX, STEP_PX = 16, 8
INKED = 0.2  # of the mean contrast: windows with less say nothing
ENOUGH = 50  # pictures from which on the set says what they share and how near strangers come
BAR, LOWEST_BAR, HIGHEST_BAR = 0.75, 0.8, 0.95
SOME = 2000  # pictures by which the bar is set
ROWS_AT_ONCE = 512
MOST_PAIRS = 200_000  # candidates that are compared window by window
EMPTY = 1e-6


@dataclass(frozen=True, slots=True)
class Pair:
    """Two pictures by their places, and how alike they are (0 to 1) where they are least so."""

    first: int
    second: int
    alike: float


def signature(pixels: np.ndarray) -> np.ndarray:
    """Return float32 (HEIGHT_PX, WIDTH_PX) of uint8 (H, W, 3): the colours' principal component, small.

    Exchanged or inverted colours change at most its sign.
    """
    small = cv2.resize(pixels, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_AREA).reshape(-1, 3).astype(np.float32)
    centred = small - small.mean(axis=0)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    return np.asarray((centred @ vectors[:, -1]).reshape(HEIGHT_PX, WIDTH_PX), np.float32)


def find_twins(signatures: Sequence[np.ndarray]) -> list[Pair]:
    """Return the pairs of near-twins among signatures, the most alike first. Each picture should be there once."""
    if len(signatures) < 2:
        return []
    planes = np.stack(signatures)
    vectors = _apart_from_the_common(planes.reshape(len(planes), -1))
    bar = _bar(vectors)
    pairs = [
        Pair(first, second, min(whole, local))
        for first, second, whole in _candidates(vectors, bar)
        if (local := least_alike(planes[first], planes[second])) >= bar
    ]
    return sorted(pairs, key=lambda pair: -pair.alike)


def _unit(vectors: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(np.where(norms > EMPTY, vectors / np.maximum(norms, EMPTY), 0.0), np.float32)


def _apart_from_the_common(vectors: np.ndarray) -> np.ndarray:
    """Return unit vectors (N, D) without their part along the set's mean; of few pictures nothing is taken out."""
    # The sign of a principal component is arbitrary: all are turned to agree with the first ones before the mean.
    units = _unit(vectors)
    if len(units) < ENOUGH:
        return units
    common = _unit(np.linalg.svd(units[:: max(1, len(units) // 1000)], full_matrices=False)[2][0])
    return _unit(units - (units @ common)[:, None] * common)


def _bar(vectors: np.ndarray) -> float:
    """Return from which correlation on pictures are twins: most have none, so their nearest are strangers."""
    if len(vectors) < ENOUGH:
        return HIGHEST_BAR
    some = vectors[:: max(1, len(vectors) // SOME)]
    alike = np.abs(some @ some.T)
    np.fill_diagonal(alike, 0)
    stranger = float(np.median(alike.max(axis=1)))
    return float(np.clip(stranger + BAR * (1 - stranger), LOWEST_BAR, HIGHEST_BAR))


def _candidates(vectors: np.ndarray, bar: float) -> Iterator[tuple[int, int, float]]:
    """Yield pairs whose whole pictures correlate, in blocks so that memory stays flat."""
    found = 0
    for first in range(0, len(vectors), ROWS_AT_ONCE):
        alike = np.abs(vectors[first : first + ROWS_AT_ONCE] @ vectors[first:].T)
        rows, columns = np.nonzero(np.triu(alike, 1) >= bar)
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            yield first + row, first + column, float(alike[row, column])
        found += len(rows)
        if found > MOST_PAIRS:  # a set of one picture a thousand times: each is in a pair by now
            return


def least_alike(one: np.ndarray, other: np.ndarray) -> float:
    """Return the lowest correlation, without its sign, over the windows in which either plane shows something."""
    least, mean = 1.0, (max(float(one.var()), EMPTY), max(float(other.var()), EMPTY))
    for left in range(0, one.shape[1] - WINDOW_PX + 1, STEP_PX):
        p, q = (plane[:, left : left + WINDOW_PX] - plane[:, left : left + WINDOW_PX].mean() for plane in (one, other))
        power = float((p * p).mean()), float((q * q).mean())
        if max(power[0] / mean[0], power[1] / mean[1]) >= INKED:
            least = min(least, abs(float((p * q).mean())) / max(EMPTY, (power[0] * power[1]) ** 0.5))
    return least


def groups(pairs: Sequence[Pair]) -> list[list[int]]:
    """Return the places that hang together by pairs, each group in order."""
    parent: dict[int, int] = {}

    def root(place: int) -> int:
        while parent.setdefault(place, place) != place:
            place = parent[place]
        return place

    for pair in pairs:
        parent[root(pair.second)] = root(pair.first)
    found: dict[int, list[int]] = {}
    for place in sorted(parent):
        found.setdefault(root(place), []).append(place)
    return list(found.values())
