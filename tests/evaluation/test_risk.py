"""Risk and coverage by truth tables, empty input included."""

import pytest

from captcha_core.evaluation.risk import (
    at_confidence,
    at_precision,
    captchas_to_prove,
    most_that_zero_hits_allow,
    risk_coverage,
    success_within,
)

CONFIDENCE = [0.9, 0.5, 0.99, 0.5, 0.0]
RIGHT = [True, True, True, False, False]


def test_a_point_counts_the_answers_that_are_sure_enough() -> None:
    point = at_confidence(CONFIDENCE, RIGHT, 0.5)
    assert (point.answered.hits, point.answered.n) == (4, 5)
    assert (point.right.hits, point.right.n) == (3, 4)
    nothing = at_confidence(CONFIDENCE, RIGHT, 0.999)
    assert (nothing.answered.hits, nothing.right.n, nothing.right.interval) == (0, 0, (0.0, 1.0))


def test_the_curve_has_a_point_for_every_confidence() -> None:
    curve = risk_coverage(CONFIDENCE, RIGHT)
    assert [point.min_confidence for point in curve] == [0.99, 0.9, 0.5, 0.0]
    assert [point.answered.hits for point in curve] == [1, 2, 4, 5]  # equal confidences stand or fall together
    assert [point.right.hits for point in curve] == [1, 2, 3, 3]
    assert [at_confidence(CONFIDENCE, RIGHT, point.min_confidence) for point in curve] == curve


def test_the_point_at_a_precision_answers_most() -> None:
    point = at_precision(CONFIDENCE, RIGHT)
    assert point is not None and point.answered.hits == 2
    assert at_precision([0.3], [False]) is None


def test_nothing_gives_nothing() -> None:
    assert risk_coverage([], []) == []
    assert at_precision([], []) is None
    assert at_confidence([], [], 0.5).answered.n == 0


def test_tries_and_zero_hits() -> None:
    assert success_within(0.5, 3) == 0.875
    assert success_within(0.0, 5) == 0.0
    assert (captchas_to_prove(0.01), captchas_to_prove(0.001)) == (299, 2995)
    assert most_that_zero_hits_allow(299) == pytest.approx(0.01, abs=1e-4)
    assert most_that_zero_hits_allow(0) == 1.0
