"""How well texts were read: pure functions over pairs of what is there and what was read.

``read`` may hold None for a sample that could not be read at all; it counts as wrong everywhere. Texts are compared
as they are: fold their case first where the specification does not tell cases apart. Empty input never raises: a
share of nothing is 0 with the interval [0, 1], which says that nothing is known.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from captcha_core.spec.arithmetic import answer_or_none, operators_of

DEFINITION = "1"  # raise it when a figure changes its meaning: runs then say that theirs cannot be compared
NOTHING = ""  # stands in a confusion for a character that was left out, or for one that was made up


@dataclass(frozen=True, slots=True)
class Proportion:
    """``hits`` out of ``n``, with the 95 % interval of Wilson (1927)."""

    hits: int
    n: int

    @property
    def value(self) -> float:
        """Hits over ``n``, 0 when that is 0."""
        return self.hits / self.n if self.n else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper end."""
        return wilson_interval(self.hits, self.n)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.value:.2%} (95 % interval {low:.2%} to {high:.2%}, n = {self.n:,})"

    def as_dict(self) -> dict[str, float | int]:
        """Return every figure as JSON holds it."""
        low, high = self.interval
        return {"value": self.value, "low": low, "high": high, "hits": self.hits, "n": self.n}


def wilson_interval(hits: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the two-sided Wilson score interval of a proportion; (0, 1) when n is 0."""
    if n == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share, shift = hits / n, z * z / n
    middle = (share + shift / 2) / (1 + shift)
    half = z * math.sqrt(share * (1 - share) / n + shift / (4 * n)) / (1 + shift)
    low = 0.0 if hits == 0 else max(0.0, middle - half)
    high = 1.0 if hits == n else min(1.0, middle + half)
    return low, high


def right(truth: Sequence[str], read: Sequence[str | None]) -> np.ndarray:
    """Return for each sample whether the whole text was read, bool (B,)."""
    return np.array([mine == theirs for mine, theirs in zip(truth, read, strict=True)], dtype=bool)


def exact_match(truth: Sequence[str], read: Sequence[str | None]) -> Proportion:
    """Return the share of samples whose whole text was read."""
    hits = right(truth, read)
    return Proportion(int(hits.sum()), len(hits))


def exact_match_by_length(truth: Sequence[str], read: Sequence[str | None]) -> dict[int, Proportion]:
    """Return the exact match of the texts of each length, shortest first."""
    return _grouped(((len(text),) for text in truth), right(truth, read))


def exact_match_by_character(truth: Sequence[str], read: Sequence[str | None]) -> dict[str, Proportion]:
    """Return for each character the exact match of the texts that hold it."""
    return _grouped((set(text) for text in truth), right(truth, read))


def _grouped(groups: Iterable[Iterable[Any]], hits: np.ndarray) -> dict[Any, Proportion]:
    counts: dict[Any, list[int]] = defaultdict(lambda: [0, 0])
    for keys, hit in zip(groups, hits, strict=True):
        for key in keys:
            counts[key][0] += int(hit)
            counts[key][1] += 1
    return {key: Proportion(*counts[key]) for key in sorted(counts)}


def exact_match_by_operator(truth: Sequence[str], read: Sequence[str | None]) -> dict[str, Proportion]:
    """Return for each operator the share of the sums with it whose answer was found."""
    return _grouped((operators_of(text) for text in truth), answered(truth, read))


def answered(truth: Sequence[str], read: Sequence[str | None]) -> np.ndarray:
    """Return for each sum whether what was read comes to the same, bool (B,); a text that is no sum does not."""
    pairs = ((answer_or_none(mine), answer_or_none(theirs)) for mine, theirs in zip(truth, read, strict=True))
    return np.array([theirs is not None and mine == theirs for mine, theirs in pairs], dtype=bool)


def edit_distance(truth: str, read: str) -> int:
    """Return the fewest insertions, deletions and substitutions between two texts (Levenshtein 1966)."""
    row = list(range(len(read) + 1))
    for i, mine in enumerate(truth, start=1):
        corner, row[0] = row[0], i
        for j, theirs in enumerate(read, start=1):
            corner, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, corner + (mine != theirs))
    return row[-1]


def character_error_rate(truth: Sequence[str], read: Sequence[str | None]) -> float:
    """Return all edits over all characters there are; above 1 when more was made up than there is."""
    edits = sum(edit_distance(mine, theirs or "") for mine, theirs in zip(truth, read, strict=True))
    return edits / max(1, sum(len(text) for text in truth))


def accuracy_by_position(truth: Sequence[str], read: Sequence[str | None]) -> dict[int, Proportion]:
    """Return for each position, counted from 0, the share of texts that reach it and were read right there."""
    counts: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for mine, theirs in zip(truth, read, strict=True):
        for position, character in enumerate(mine):
            counts[position][0] += theirs is not None and theirs[position : position + 1] == character
            counts[position][1] += 1
    return {position: Proportion(*counts[position]) for position in sorted(counts)}


def per_position_accuracy(truth: Sequence[str], read: Sequence[str | None]) -> float:
    """Return the share of all characters that stand in the answer at their own position.

    Higher than the exact match by its nature: never print it alone.
    """
    positions = accuracy_by_position(truth, read).values()
    return sum(position.hits for position in positions) / max(1, sum(position.n for position in positions))


def align(truth: str, read: str) -> list[tuple[str, str]]:
    """Return pairs (true character, read character) along a shortest edit; :data:`NOTHING` stands for a gap."""
    costs = np.zeros((len(truth) + 1, len(read) + 1), dtype=np.int32)
    costs[:, 0], costs[0, :] = np.arange(len(truth) + 1), np.arange(len(read) + 1)
    for i, mine in enumerate(truth, start=1):
        for j, theirs in enumerate(read, start=1):
            costs[i, j] = min(costs[i - 1, j] + 1, costs[i, j - 1] + 1, costs[i - 1, j - 1] + (mine != theirs))
    pairs, i, j = [], len(truth), len(read)
    while i or j:
        if i and j and costs[i, j] == costs[i - 1, j - 1] + (truth[i - 1] != read[j - 1]):
            i, j = i - 1, j - 1
            pairs.append((truth[i], read[j]))
        elif i and costs[i, j] == costs[i - 1, j] + 1:
            i -= 1
            pairs.append((truth[i], NOTHING))
        else:
            j -= 1
            pairs.append((NOTHING, read[j]))
    return pairs[::-1]


def confusion(truth: Sequence[str], read: Sequence[str | None]) -> dict[tuple[str, str], int]:
    """Return how often each true character was read as each other one, right ones included, most frequent first.

    Texts are aligned by their edits, so one character left out does not make all that follow it wrong.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for mine, theirs in zip(truth, read, strict=True):
        counts.update(align(mine, theirs or ""))
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def expected_calibration_error(confidence: Sequence[float], hits: Sequence[bool], bins: int = 15) -> float:
    """Return the mean distance between confidence and exact match, over bins of equal width.

    Source: Guo et al. 2017, "On Calibration of Modern Neural Networks". An answer that could not be given has the
    confidence 0. Empty input gives 0.
    """
    return sum(abs(row.confidence - row.exact_match) * row.n for row in reliability(confidence, hits, bins)) / max(
        1, len(confidence)
    )


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """The samples whose confidence lies in one bin: how sure the model was, and how often it was right."""

    low: float
    high: float
    confidence: float
    exact_match: float
    n: int


def reliability(confidence: Sequence[float], hits: Sequence[bool], bins: int = 15) -> list[ReliabilityBin]:
    """Return the bins of a reliability diagram that hold samples, lowest first."""
    sure = np.asarray(confidence, dtype=np.float64)
    correct = np.asarray(hits, dtype=np.float64)
    if sure.shape != correct.shape:
        raise ValueError(f"expected as many confidences as answers, received {sure.shape} and {correct.shape}.")
    index = np.clip((sure * bins).astype(np.int64), 0, bins - 1)
    return [
        ReliabilityBin(b / bins, (b + 1) / bins, float(sure[index == b].mean()), float(correct[index == b].mean()), n)
        for b, n in enumerate(np.bincount(index, minlength=bins).tolist())
        if n
    ]


def headline(truth: Sequence[str], read: Sequence[str | None], confidence: Sequence[float]) -> dict[str, float]:
    """Return the numbers that every report begins with, under the names that MLflow keeps them by."""
    whole = exact_match(truth, read)
    low, high = whole.interval
    return {
        "exact_match": whole.value,
        "exact_match_low": low,
        "exact_match_high": high,
        "n": float(whole.n),
        "character_error_rate": character_error_rate(truth, read),
        "per_position_accuracy": per_position_accuracy(truth, read),
        "expected_calibration_error": expected_calibration_error(confidence, right(truth, read).tolist()),
    }
