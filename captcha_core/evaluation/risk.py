"""What comes of answering only when sure: the share that is answered, and how much of that is right.

Whoever may ask for a new captcha at will submits nothing that he doubts, so his success per submission is the
precision at the confidence that he waits for, and not the exact match (El-Yaniv and Wiener, 2010, on selective
classification).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from captcha_core.evaluation.calibration import PROVEN, clopper_pearson_upper
from captcha_core.evaluation.metrics import Proportion

SURE = 0.995  # success per submission that the report looks for
TRIES = (1, 3, 5)


@dataclass(frozen=True, slots=True)
class RiskPoint:
    """What is answered from a confidence on.

    Args:
        min_confidence: Answers less sure than this are not submitted.
        answered: Share of all captchas that gets an answer.
        right: Share of the answers that is right: success per submission.
    """

    min_confidence: float
    answered: Proportion
    right: Proportion

    def as_dict(self) -> dict[str, Any]:
        """Return every figure as JSON holds it."""
        return {
            "min_confidence": self.min_confidence,
            "answered": self.answered.as_dict(),
            "right": self.right.as_dict(),
        }


def at_confidence(confidence: Sequence[float], right: Sequence[bool], min_confidence: float) -> RiskPoint:
    """Return what is answered from a confidence on; a captcha that could not be read has the confidence 0."""
    taken = np.asarray(confidence, dtype=np.float64) >= min_confidence
    hits = int(np.asarray(right, dtype=bool)[taken].sum()) if len(taken) else 0
    return RiskPoint(min_confidence, Proportion(int(taken.sum()), len(taken)), Proportion(hits, int(taken.sum())))


def risk_coverage(confidence: Sequence[float], right: Sequence[bool]) -> list[RiskPoint]:
    """Return a point for every confidence that occurs, the surest first."""
    sure = np.asarray(confidence, dtype=np.float64)
    order = np.argsort(-sure, kind="stable")
    hits = np.cumsum(np.asarray(right, dtype=bool)[order])
    last = [
        place for place in range(len(sure)) if place + 1 == len(sure) or sure[order[place]] != sure[order[place + 1]]
    ]
    return [
        RiskPoint(float(sure[order[place]]), Proportion(place + 1, len(sure)), Proportion(int(hits[place]), place + 1))
        for place in last
    ]


def at_precision(confidence: Sequence[float], right: Sequence[bool], precision: float = SURE) -> RiskPoint | None:
    """Return the point that answers most among those where at least this share of the answers is right.

    It is chosen on the samples that it is judged by, so it flatters the reader a little. None where there is none.
    """
    good = [point for point in risk_coverage(confidence, right) if point.right.value >= precision]
    return good[-1] if good else None


def success_within(share: float, tries: int) -> float:
    """Return the chance that one of several tries passes, each on a new captcha."""
    return float(1 - (1 - share) ** tries)


def most_that_zero_hits_allow(n: int) -> float:
    """Return below which share the success lies, with 95 % confidence, after no hit in n captchas."""
    return clopper_pearson_upper(0, n)


def captchas_to_prove(share: float) -> int:
    """Return how many captchas without a hit prove, with 95 % confidence, that the success is below a share."""
    return math.ceil(math.log(1 - PROVEN) / math.log(1 - share))
