"""Are the captchas that a model is asked for still those that it was made for? Small histograms, and a test on two.

Four things are counted of each captcha: how sure the answer is, how much ink there is, its size, and the length of the
answer. Nothing of a captcha itself is kept. Two sets of histograms are compared one measure at a time, by the test of
Kolmogorov and Smirnov where values have an order (on bins it says too little rather than too much) and by chi-squared
on pooled counts otherwise; the smallest p times the number of measures (Bonferroni) is the p of all.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from captcha_core.errors import DataError
from captcha_core.features.strip import LUMA, page_colour
from captcha_core.media.audio import decode_audio
from captcha_core.media.image import decode_image
from captcha_core.spec.answer import Answer
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample

ORDERED = ("confidence", "ink", "detail")
NAMED = ("size", "length")
MEASURES = (*ORDERED, *NAMED)
EDGES: dict[str, np.ndarray] = {
    "confidence": np.linspace(-8.0, 16.0, 49),  # log-odds
    "ink": np.linspace(0.0, 128.0, 65),  # mean distance from the page in levels; of a clip its loudness
    "detail": np.linspace(0.0, 64.0, 65),  # mean difference between neighbours in levels
}
SURE = 1e-7  # a confidence is held that far from 0 and 1
MOST_NAMES = 200  # sizes or lengths that are told apart; the others count as one
OTHERS = "other"
LEAST_EXPECTED = 5.0  # of a cell of chi-squared; smaller ones are pooled
FEW = 20  # captchas below which nothing is said
SMALL_KOLMOGOROV = 0.2  # below it the tail is 1 to twelve digits
ALPHA = 0.001  # p below which captchas are held for others: one false alarm in a thousand looks


@dataclass(frozen=True, slots=True)
class Measured:
    """What is counted of one captcha: the log-odds of its answer, ink and detail in levels, its size and length."""

    confidence: float
    ink: float
    detail: float
    size: str
    length: str


def measure(media: bytes, answer: Answer, spec: CaptchaSpec) -> Measured:
    """Measure a captcha that was answered.

    Raises:
        DataError: If it cannot be decoded.
    """
    sure = min(max(answer.confidence, SURE), 1 - SURE)
    odds, length = math.log(sure / (1 - sure)), str(len(answer.text))
    if spec.media == "audio":
        clip = decode_audio(media, spec.rate_hz, spec.seconds)
        loud = float(np.sqrt(np.mean(np.square(clip)))) if len(clip) else 0.0
        rough = float(np.abs(np.diff(clip)).mean()) if len(clip) > 1 else 0.0
        return Measured(odds, _decibels(loud), _decibels(rough) / 2, f"{round(len(clip) / spec.rate_hz)} s", length)
    pixels = decode_image(media, channels=3)
    far = np.sqrt(np.square(pixels - page_colour(pixels)) @ (LUMA / LUMA.sum()))
    detail = (np.abs(np.diff(far, axis=0)).mean() if len(far) > 1 else 0.0) + np.abs(np.diff(far, axis=1)).mean()
    return Measured(odds, float(far.mean()), float(detail) / 2, f"{pixels.shape[0]} x {pixels.shape[1]}", length)


def _decibels(level: float) -> float:
    """Return a level of 0 to 1 on a scale of 0 to 100 dB above silence."""
    return 100 + 20 * math.log10(max(level, 1e-5))


@dataclass
class Histograms:
    """How often each value of each measure was seen.

    Args:
        n: Captchas.
        ordered: Counts of the bins of ``EDGES``.
        named: Counts by name.
    """

    n: int = 0
    ordered: dict[str, np.ndarray] = field(
        default_factory=lambda: {name: np.zeros(len(EDGES[name]) - 1, np.int64) for name in ORDERED}
    )
    named: dict[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in NAMED})

    def add(self, seen: Measured) -> None:
        """Count a captcha."""
        self.n += 1
        for name in ORDERED:
            edges = EDGES[name]
            place = int(np.searchsorted(edges, getattr(seen, name), side="right")) - 1
            self.ordered[name][min(max(place, 0), len(edges) - 2)] += 1
        for name in NAMED:
            counts, value = self.named[name], getattr(seen, name)
            counts[value if value in counts or len(counts) < MOST_NAMES else OTHERS] += 1

    def merge(self, other: "Histograms") -> None:
        """Add what another one has counted."""
        self.n += other.n
        for name in ORDERED:
            self.ordered[name] = self.ordered[name] + other.ordered[name]
        for name in NAMED:
            self.named[name].update(other.named[name])

    @classmethod
    def of(cls, samples: Iterable[Sample], answers: Iterable[Answer | None], spec: CaptchaSpec) -> Self:
        """Return those of answered captchas; what could not be read is left out."""
        mine = cls()
        for sample, answer in zip(samples, answers, strict=True):
            if answer is not None:
                mine.add(measure(sample.media, answer, spec))
        return mine

    def mean(self, name: str) -> float:
        """Return the mean of an ordered measure, by the middles of its bins."""
        edges, counts = EDGES[name], self.ordered[name]
        return float(((edges[:-1] + edges[1:]) / 2) @ counts / max(1, counts.sum()))

    def as_dict(self) -> dict[str, Any]:
        """Return plain data; :meth:`from_dict` reads it."""
        ordered = {name: self.ordered[name].tolist() for name in ORDERED}
        return {"n": self.n, **ordered, **{name: dict(self.named[name]) for name in NAMED}}

    @classmethod
    def from_dict(cls, record: Any) -> Self:
        """Read what :meth:`as_dict` gave.

        Raises:
            DataError: If it is anything else.
        """
        try:
            ordered = {name: np.array(record[name], np.int64) for name in ORDERED}
            named = {name: Counter({str(key): int(count) for key, count in record[name].items()}) for name in NAMED}
            n = int(record["n"])
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            raise _damaged() from None
        sums = {int(counts.sum()) for counts in ordered.values()} | {one.total() for one in named.values()}
        if sums != {n} or any(len(counts) != len(EDGES[name]) - 1 for name, counts in ordered.items()):
            raise _damaged()
        return cls(n, ordered, named)


def _damaged() -> DataError:
    return DataError(
        f"expected histograms of {', '.join(MEASURES)}, received other data; serve or train with this version of "
        "captchalab, or give --data with the model's data set."
    )


@dataclass(frozen=True)
class Shift:
    """One measure before and now: its p, the mean or the commonest value, and how far apart they lie (0 to 1)."""

    measure: str
    p_value: float
    before: str
    now: str
    distance: float


@dataclass(frozen=True)
class Drift:
    """What the comparison says.

    Args:
        p_value: Of all measures together.
        shifts: Each of them, the least likely first.
        reference: Captchas that the model was made for.
        live: Captchas that it was asked for.
    """

    p_value: float
    shifts: tuple[Shift, ...]
    reference: int
    live: int

    def told(self, alpha: float = ALPHA) -> bool:
        """Return whether these are other captchas."""
        return self.p_value < alpha

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as JSON holds it."""
        shifts = [{name: getattr(one, name) for name in Shift.__dataclass_fields__} for one in self.shifts]
        return {"p_value": self.p_value, "reference": self.reference, "live": self.live, "measures": shifts}


def drift(reference: Histograms, live: Histograms) -> Drift:
    """Compare what a model is asked for with what it was made for; of few captchas nothing is said (p is 1)."""
    if min(reference.n, live.n) < FEW:
        return Drift(1.0, (), reference.n, live.n)
    shifts = [_ordered_shift(name, reference, live) for name in ORDERED]
    shifts += [_named_shift(name, reference.named[name], live.named[name]) for name in NAMED]
    shifts.sort(key=lambda one: (one.p_value, -one.distance))
    return Drift(min(1.0, shifts[0].p_value * len(shifts)), tuple(shifts), reference.n, live.n)


def _ordered_shift(name: str, before: Histograms, now: Histograms) -> Shift:
    distance, p_value = kolmogorov_smirnov(before.ordered[name], now.ordered[name])
    return Shift(name, p_value, f"{before.mean(name):.2f}", f"{now.mean(name):.2f}", distance)


def kolmogorov_smirnov(before: np.ndarray, now: np.ndarray) -> tuple[float, float]:
    """Return the greatest distance of two cumulated histograms, and the probability of one as great by chance."""
    n, m = int(before.sum()), int(now.sum())
    distance = float(np.abs(np.cumsum(before) / n - np.cumsum(now) / m).max())
    return distance, _kolmogorov_tail(distance * math.sqrt(n * m / (n + m)))


def _named_shift(name: str, before: Mapping[str, int], now: Mapping[str, int]) -> Shift:
    p_value, distance = chi_squared(before, now)
    return Shift(name, p_value, _commonest(before), _commonest(now), distance)


def _commonest(counts: Mapping[str, int]) -> str:
    return max(counts, key=lambda value: counts[value], default="-")


def chi_squared(before: Mapping[str, int], now: Mapping[str, int]) -> tuple[float, float]:
    """Return the p of a chi-squared test on two sets of counts, and half the sum of the differences of their shares.

    Names that are expected fewer than five times on either side are pooled, which keeps a stray size from an alarm.
    """
    names = sorted({*before, *now})
    table = np.array([[counts.get(name, 0) for name in names] for counts in (before, now)], dtype=np.float64)
    shares = table / table.sum(axis=1, keepdims=True)
    expected = table.sum(axis=1)[:, None] * table.sum(axis=0) / table.sum()
    large = expected.min(axis=0) >= LEAST_EXPECTED
    pooled = np.concatenate([table[:, large], table[:, ~large].sum(axis=1, keepdims=True)], axis=1)
    pooled = pooled[:, pooled.sum(axis=0) > 0]
    distance = float(np.abs(shares[0] - shares[1]).sum() / 2)
    if pooled.shape[1] < 2:
        return 1.0, distance
    expected = pooled.sum(axis=1)[:, None] * pooled.sum(axis=0) / pooled.sum()
    apart = np.maximum(0, np.abs(pooled - expected) - 0.5) if pooled.shape[1] == 2 else pooled - expected
    return _chi_squared_tail(pooled.shape[1] - 1, float((np.square(apart) / expected).sum())), distance


def _kolmogorov_tail(value: float) -> float:
    """Return the probability of a larger value under Kolmogorov's distribution; SciPy is not needed for serving."""
    if value < SMALL_KOLMOGOROV:
        return 1.0
    tail = 2 * sum((1 if k % 2 else -1) * math.exp(-2 * (k * value) ** 2) for k in range(1, 101))
    return min(1.0, max(0.0, tail))


def _chi_squared_tail(degrees: int, value: float) -> float:
    """Return the probability of a larger value of chi-squared, by the recursion of the incomplete gamma function."""
    x = value / 2
    if x <= 0:
        return 1.0
    shape, tail = (0.5, math.erfc(math.sqrt(x))) if degrees % 2 else (1.0, math.exp(-x))
    while shape < degrees / 2:
        tail += math.exp(shape * math.log(x) - x - math.lgamma(shape + 1))
        shape += 1
    return min(1.0, tail)
