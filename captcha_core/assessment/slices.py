"""Which captchas of a data set are read less: by length, character, ink, lines and contrast. Correlation, no more."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from captcha_core.assessment.target import Target
from captcha_core.errors import DataError
from captcha_core.evaluation.metrics import Proportion
from captcha_core.features.strip import page_colour
from captcha_core.media.image import decode_image
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample

LEAST = 15  # captchas, for a slice to be shown
SHOWN = 8  # characters, those that are read least
INKED = 60  # levels from the colour of the page


@dataclass(frozen=True)
class Slice:
    """Captchas that share something, and how many of them are read."""

    by: str
    value: str
    share: Proportion


def slices_of(target: Target, hits: Sequence[bool]) -> list[Slice]:
    """Return the slices of the test captchas that hold enough of them."""
    target = replace(target, tested=target.tested[: len(hits)])
    found = [*_by_length(target, hits), *_by_character(target, hits)]
    if target.spec.media == "image":
        found += _by_measures(target.tested, hits)
    many = Counter(one.by for one in found)
    return [one for one in found if many[one.by] > 1]  # one slice alone tells nothing


def _by_length(target: Target, hits: Sequence[bool]) -> list[Slice]:
    return _counted("length", ([str(len(sample.text or ""))] for sample in target.tested), hits)


def _by_character(target: Target, hits: Sequence[bool]) -> list[Slice]:
    spec: CaptchaSpec = target.spec
    texts = (sorted(set(spec.charset.normalise(sample.text or ""))) for sample in target.tested)
    return sorted(_counted("character", texts, hits), key=lambda one: one.share.value)[:SHOWN]


def _counted(by: str, values: Iterable[Sequence[str]], hits: Sequence[bool]) -> list[Slice]:
    counts: Mapping[str, list[int]] = defaultdict(lambda: [0, 0])
    for keys, hit in zip(values, hits, strict=True):
        for key in keys:
            counts[key][0] += hit
            counts[key][1] += 1
    return [Slice(by, key, Proportion(*counts[key])) for key in sorted(counts) if counts[key][1] >= LEAST]


def _by_measures(samples: Sequence[Sample], hits: Sequence[bool]) -> list[Slice]:
    """Return each measure in three parts of equal size."""
    measured = [_measures(sample.media) for sample in samples]
    known = np.array([row is not None for row in measured])
    if known.sum() < 3 * LEAST:
        return []
    table = np.array([row for row in measured if row is not None])
    right = np.asarray(hits, dtype=bool)[known]
    return [one for place, by in enumerate(MEASURES) for one in _thirds(by, table[:, place], right)]


def _thirds(by: str, values: np.ndarray, right: np.ndarray) -> list[Slice]:
    low, high = np.quantile(values, [1 / 3, 2 / 3])
    parts = {
        f"up to {low:.3g}": values <= low,
        f"{low:.3g} to {high:.3g}": (values > low) & (values <= high),
        f"above {high:.3g}": values > high,
    }
    shares = {words: Proportion(int(right[rows].sum()), int(rows.sum())) for words, rows in parts.items()}
    return [Slice(by, words, share) for words, share in shares.items() if share.n >= LEAST]


def _measures(media: bytes) -> list[float] | None:
    try:
        image = decode_image(media, 3)
    except DataError:
        return None
    apart = np.abs(image.astype(np.float32) - page_colour(image)).max(axis=2)
    return [measure(apart) for measure in MEASURES.values()]


def _ink(apart: np.ndarray) -> float:
    return float((apart > INKED).mean())


def _contrast(apart: np.ndarray) -> float:
    return float(np.quantile(apart, 0.97))


def _lines(apart: np.ndarray) -> float:
    """Return how many long straight lines there are (a probabilistic Hough transform)."""
    mask = ((apart > INKED) * 255).astype(np.uint8)
    found = cv2.HoughLinesP(mask, 1, np.pi / 180, 30, minLineLength=0.4 * mask.shape[1], maxLineGap=3)
    return 0.0 if found is None else float(len(found))


MEASURES: Mapping[str, Callable[[np.ndarray], float]] = {
    "ink (share of the pixels)": _ink,
    "contrast (levels)": _contrast,
    "long straight lines": _lines,
}
