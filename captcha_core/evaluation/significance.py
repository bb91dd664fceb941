"""Is one model better than another? An exact test on paired answers to the same samples, and a bound."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np


@dataclass(frozen=True, slots=True)
class McNemar:
    """McNemar's exact test (1947) on paired answers.

    Args:
        gained: Samples that only the challenger read.
        lost: Samples that only the champion read.
        p_value: Two-sided probability of a split at least this uneven if both were equally good.
    """

    gained: int
    lost: int
    p_value: float


def mcnemar(champion: Sequence[bool] | np.ndarray, challenger: Sequence[bool] | np.ndarray) -> McNemar:
    """Test whether two models differ, from which samples each of them read.

    Args:
        champion: Whether the champion read each sample, bool (B,).
        challenger: The same of the challenger, same samples in the same order.

    Raises:
        ValueError: If there are not equally many of both.
    """
    gained, lost = _discordant(champion, challenger)
    if not gained + lost:
        return McNemar(0, 0, 1.0)
    from scipy.stats import binomtest  # imported where a test is made: it takes about a second

    return McNemar(gained, lost, float(binomtest(gained, gained + lost).pvalue))


def _discordant(champion: Sequence[bool] | np.ndarray, challenger: Sequence[bool] | np.ndarray) -> tuple[int, int]:
    old, new = np.asarray(champion, dtype=bool), np.asarray(challenger, dtype=bool)
    if old.shape != new.shape or old.ndim != 1:
        raise ValueError(f"expected answers to the same samples, received {old.shape} and {new.shape}.")
    return int((new & ~old).sum()), int((old & ~new).sum())


@dataclass(frozen=True, slots=True)
class Difference:
    """Exact match of the challenger less that of the champion, and its lowest value at a confidence."""

    value: float
    at_least: float
    n: int


def paired_difference(
    champion: Sequence[bool] | np.ndarray, challenger: Sequence[bool] | np.ndarray, confidence: float = 0.95
) -> Difference:
    """Return the difference of two paired proportions with its one-sided lower bound.

    The adjusted Wald bound of Bonett and Price (2012, "Adjusted Wald Confidence Interval for a Difference of Binomial
    Proportions Based on Paired Data"): unlike the plain one it stays honest when the two hardly differ.
    """
    gained, lost = _discordant(champion, challenger)
    n = len(champion)
    if n == 0:
        return Difference(0.0, -1.0, 0)
    up, down = (gained + 1) / (n + 2), (lost + 1) / (n + 2)
    spread = math.sqrt((up + down - (up - down) ** 2) / (n + 2))
    bound = up - down - NormalDist().inv_cdf(confidence) * spread
    return Difference((gained - lost) / n, max(-1.0, bound), n)
