"""How alike two sets of captchas are, as a reader sees them: strips of light ink on black, described by numbers."""

from collections.abc import Iterable

import cv2
import numpy as np

from captcha_core.features.strip import StripFeatures

STRIP = StripFeatures()
BANDS = 12  # of the height
RUNS = (1, 2, 4, 7, 12, 200)  # pixels; a run counts in the first that it does not exceed
AREAS = (4, 16, 64, 256, 1024, 10_000)
SCALES = 2


def describe(pictures: Iterable[np.ndarray]) -> np.ndarray:
    """Return numbers (N, D) for pictures uint8 (H, W, C) of any size."""
    return np.stack([_describe(picture) for picture in pictures])


def _describe(picture: np.ndarray) -> np.ndarray:
    strip = STRIP.from_array(picture)[..., 0]
    wide = min(STRIP.width_px, max(8, round(picture.shape[1] * STRIP.height_px / picture.shape[0])))
    strip = np.ascontiguousarray(strip[:, :wide])
    ink = (strip > 127).astype(np.uint8)
    numbers = [_levels(strip), _bands(strip), _rhythm(strip), *_edges(strip), *_runs(ink), _parts(ink), _thickness(ink)]
    return np.concatenate(numbers).astype(np.float32)


def _levels(strip: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt(np.bincount((strip >> 5).ravel(), minlength=8) / strip.size))


def _bands(strip: np.ndarray) -> np.ndarray:
    """Return how much ink there is at each height, and how unevenly."""
    bands = strip.reshape(BANDS, -1, strip.shape[1]).mean(axis=1) / 255
    return np.concatenate([bands.mean(axis=1), bands.std(axis=1)])


def _rhythm(strip: np.ndarray) -> np.ndarray:
    """Return how strongly ink comes and goes along the text, from slow to fast."""
    column = cv2.resize(strip.mean(axis=0, dtype=np.float32)[None] / 255, (128, 1))[0]
    waves = np.abs(np.fft.rfft(column - column.mean()))[1:49]
    return np.asarray(np.log1p(waves.reshape(12, 4).mean(axis=1)))


def _edges(strip: np.ndarray) -> list[np.ndarray]:
    """Return which way edges run and how sharp they are, at several scales."""
    found = []
    for scale in range(SCALES):
        image = cv2.resize(strip, None, fx=0.5**scale, fy=0.5**scale, interpolation=cv2.INTER_AREA).astype(np.float32)
        across, down = cv2.Sobel(image, cv2.CV_32F, 1, 0), cv2.Sobel(image, cv2.CV_32F, 0, 1)
        size, angle = cv2.cartToPolar(across, down)
        way = (angle % np.pi / np.pi * 8).astype(np.int64).clip(0, 7)
        total = float(size.sum()) + 1e-6
        ways = np.bincount(way.ravel(), size.ravel(), 8) / total
        sharp = float(np.abs(cv2.Laplacian(image, cv2.CV_32F)).mean()) / 64
        found.append(np.concatenate([ways, [total / size.size / 128, sharp]]))
    return found


def _runs(ink: np.ndarray) -> list[np.ndarray]:
    """Return how long runs of ink and of page are, across and down."""
    found = []
    for image in (ink, np.ascontiguousarray(ink.T)):
        padded = np.pad(image, ((0, 0), (1, 1)))
        steps = np.diff(padded.astype(np.int8), axis=1).ravel()
        starts, ends = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
        lengths = ends - starts
        gaps = starts[1:] - ends[:-1]
        for some in (lengths, gaps[gaps < RUNS[-1]]):
            bins = np.bincount(np.searchsorted(RUNS, some).clip(0, len(RUNS) - 1), minlength=len(RUNS))
            found.append(np.sqrt(bins / max(1, len(some))))
    return found


def _parts(ink: np.ndarray) -> np.ndarray:
    """Return how many connected parts of each size there are."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink)
    sizes = np.searchsorted(AREAS, stats[1:, cv2.CC_STAT_AREA]).clip(0, len(AREAS) - 1)
    return np.asarray(np.log1p(np.bincount(sizes, minlength=len(AREAS))))


def _thickness(ink: np.ndarray) -> np.ndarray:
    far = cv2.distanceTransform(ink, cv2.DIST_L2, 3)
    inside = far[ink > 0]
    if not len(inside):
        return np.zeros(4)
    return np.array([inside.mean() / 4, inside.max() / 8, ink.mean() * 4, np.quantile(inside, 0.9) / 4])


class Likeness:
    """How far drawn captchas are from given ones: the energy distance (Szekely and Rizzo, 2013) of their numbers.

    Args:
        given: Numbers (N, D) of the captchas.
        others: Numbers (M, D) of all kinds of captchas, which say how much each of the numbers varies.
    """

    def __init__(self, given: np.ndarray, others: np.ndarray) -> None:
        pool = np.concatenate([given, others])
        self._middle, self._scale = pool.mean(axis=0), pool.std(axis=0) + 1e-3
        self._given = self._scaled(given)
        self._within = _mean_distance(self._given, self._given)

    def _scaled(self, numbers: np.ndarray) -> np.ndarray:
        return np.asarray((numbers - self._middle) / self._scale / np.sqrt(numbers.shape[1]))

    def distance(self, drawn: np.ndarray) -> float:
        """Return the distance of drawn captchas (M, D): 0 where both are of one kind."""
        mine = self._scaled(drawn)
        count = len(mine)
        within = _mean_distance(mine, mine) * count / max(1, count - 1)
        return 2 * _mean_distance(self._given, mine) - self._within - within


def _mean_distance(first: np.ndarray, second: np.ndarray) -> float:
    squares = (first**2).sum(axis=1)[:, None] + (second**2).sum(axis=1)[None] - 2 * first @ second.T
    return float(np.sqrt(np.maximum(squares, 0)).mean())
