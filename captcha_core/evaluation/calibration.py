"""From which confidence on a model's answers may stand without a person's look.

A model is asked for answers to many captchas, of which few are labelled. The labelled ones say how far its confidence
can be believed (temperatures), and that gives the error to expect among the answers that would be accepted.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

TEMPERATURES = np.geomspace(1.0, 30.0, 200)  # never below 1: a model is not to be believed more than it asks for
SPREAD = 0.5  # of the temperature's logarithm before any answer is known: half of the models boast 1.4-fold or more
EDGE = 1e-6
PROVEN = 0.95  # confidence of a proof


@dataclass(frozen=True)
class Choice:
    """A threshold, and what is known about the answers at or above it.

    Args:
        threshold: Accept answers at least this sure; above 1 where none may be accepted.
        expected_error: Error to expect among the accepted answers, by the calibrated confidence.
        accepted: How many of the unlabelled answers are accepted.
        labelled: How many of the labelled answers would be, and
        wrong: how many of those are wrong.
        temperature: Of the calibration, the middle of what is plausible; 1: the confidence can be believed as it is.
    """

    threshold: float
    expected_error: float
    accepted: int
    labelled: int
    wrong: int
    temperature: float

    @property
    def upper_error(self) -> float:
        """Upper end of the 95 % Clopper-Pearson interval of the labelled answers' error: what they alone prove."""
        return clopper_pearson_upper(self.wrong, self.labelled)


def clopper_pearson_upper(wrong: int, n: int, confidence: float = PROVEN) -> float:
    """Return the one-sided upper bound of an error rate (Clopper and Pearson, 1934); 1 when n is 0 or all are wrong.

    It is the rate at which ``wrong`` or fewer errors in n would be as unlikely as 1 - confidence.
    """
    if n == 0 or wrong >= n:
        return 1.0
    from scipy.special import betaincinv  # what scipy.stats.beta.ppf computes, in a hundredth of its time

    return float(betaincinv(wrong + 1, n - wrong, confidence))


def weigh_temperatures(confidence: Sequence[float], right: Sequence[bool]) -> np.ndarray:
    """Return how plausible each of ``TEMPERATURES`` is after answers that were right or wrong; sums to 1.

    The log-odds are divided by the temperature (Guo et al., 2017). Few right answers leave much open: they say little
    about a model that learnt from few labels and boasts, so the best temperature alone would be too trusting.
    """
    odds = _log_odds(np.asarray(confidence, dtype=np.float64))
    signed = np.where(np.asarray(right, dtype=bool), odds, -odds)[None, :] / TEMPERATURES[:, None]
    log_weight = -np.logaddexp(0, -signed).sum(axis=1) - (np.log(TEMPERATURES) / SPREAD) ** 2 / 2
    weight = np.exp(log_weight - log_weight.max())
    return np.asarray(weight / weight.sum())


def doubts(confidence: Sequence[float], weights: np.ndarray) -> np.ndarray:
    """Return the probabilities (N,) that the answers are wrong, over all temperatures by their weights."""
    odds = _log_odds(np.asarray(confidence, dtype=np.float64))
    return weights @ (1 / (1 + np.exp(odds[None, :] / TEMPERATURES[:, None])))


def _log_odds(confidence: np.ndarray) -> np.ndarray:
    inside = confidence.clip(EDGE, 1 - EDGE)
    return np.asarray(np.log(inside) - np.log1p(-inside))


def choose_threshold(
    confidence: Sequence[float],
    labelled_confidence: Sequence[float],
    right: Sequence[bool],
    max_error: float,
    proven: bool = False,
) -> Choice:
    """Choose the lowest threshold at which the error stays under a bound.

    Args:
        confidence: Of the answers to unlabelled captchas (M).
        labelled_confidence: Of the answers to labelled captchas that the model was neither trained nor chosen on (N):
            those that chose its best epoch say too much good of it.
        right: Whether those were right (N).
        max_error: The bound.
        proven: Ask that the labelled answers alone prove the bound (95 % Clopper-Pearson), which takes some 300 of
            them for 0.01, and of each threshold above it that could prove it (a fixed sequence of tests, so that the
            95 % hold for the choice); otherwise the expected error must be under it, and the labelled answers must not
            speak against it.

    Returns:
        The choice; its threshold is above 1 where no answer may be accepted.
    """
    sure, known = (np.asarray(values, dtype=np.float64) for values in (confidence, labelled_confidence))
    weights = weigh_temperatures(labelled_confidence, right)
    temperature = float(np.exp(weights @ np.log(TEMPERATURES)))
    thresholds = np.unique(np.concatenate([sure, known]))[::-1]
    accepted, doubted = _from_the_surest(sure, doubts(confidence, weights), thresholds)
    labelled, wrong = _from_the_surest(known, ~np.asarray(right, dtype=bool), thresholds)
    expected = doubted / np.maximum(1, accepted)
    if proven:
        holds = _prove(wrong, labelled, max_error)
        failed = ~holds & _prove(np.zeros_like(labelled), labelled, max_error)
        holds &= ~np.logical_or.accumulate(failed)  # the first that fails of those that could have passed ends it
    else:
        holds = np.maximum(expected, wrong / np.maximum(1, labelled)) <= max_error
    holds &= labelled > 0
    if not holds.any():
        return Choice(math.nextafter(1.0, 2.0), 0.0, 0, 0, 0, temperature)
    last = int(np.flatnonzero(holds)[-1])
    counts = (int(accepted[last]), int(labelled[last]), int(wrong[last]))
    return Choice(float(thresholds[last]), float(expected[last]), *counts, temperature)


def _from_the_surest(
    confidence: np.ndarray, values: np.ndarray, thresholds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return how many answers are at least as sure as each threshold, and the sum of their values."""
    order = np.argsort(-confidence, kind="stable")
    counts = np.searchsorted(-confidence[order], -thresholds, side="right")
    return counts, np.concatenate([[0], np.cumsum(values[order])])[counts]


def _prove(wrong: np.ndarray, n: np.ndarray, max_error: float) -> np.ndarray:
    """Return where :func:`clopper_pearson_upper` is at most ``max_error``."""
    from scipy.special import betainc

    return np.where(wrong >= n, max_error >= 1, betainc(wrong + 1, np.maximum(1, n - wrong), max_error) >= PROVEN)
