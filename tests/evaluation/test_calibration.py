import time
from typing import Any

import numpy as np
import pytest

from captcha_core.evaluation.calibration import (
    TEMPERATURES,
    choose_threshold,
    clopper_pearson_upper,
    doubts,
    weigh_temperatures,
)


@pytest.mark.parametrize(
    ("wrong", "n", "confidence", "upper"),
    [
        (0, 0, 0.95, 1.0),
        (3, 3, 0.95, 1.0),
        (0, 1, 0.95, 0.95),
        (0, 10, 0.95, 0.2589),
        (0, 299, 0.95, 0.00997),
        (1, 10, 0.95, 0.3942),
        (2, 100, 0.95, 0.0616),
        (5, 20, 0.95, 0.4556),
        (0, 69, 0.5, 0.0100),
        (10, 1000, 0.975, 0.0183),
    ],
)
def test_clopper_pearson_agrees_with_the_tables(wrong: int, n: int, confidence: float, upper: float) -> None:
    assert clopper_pearson_upper(wrong, n, confidence) == pytest.approx(upper, abs=1e-4)


def middle(confidence: Any, right: Any) -> float:
    return float(np.exp(weigh_temperatures(confidence, right) @ np.log(TEMPERATURES)))


def test_a_model_that_is_right_as_often_as_it_says_is_believed() -> None:
    rng = np.random.default_rng(0)
    sure = rng.uniform(0.5, 1, 4000)
    right = rng.random(4000) < sure
    assert middle(sure, right) == pytest.approx(1.0, abs=0.1)
    assert doubts(sure, weigh_temperatures(sure, right)) == pytest.approx(1 - sure, abs=0.03)


def test_an_overconfident_model_is_cooled() -> None:
    rng = np.random.default_rng(0)
    true = rng.uniform(0.5, 0.98, 4000)
    boast = 1 / (1 + np.exp(-3 * np.log(true / (1 - true))))
    right = rng.random(4000) < true
    assert middle(boast, right) == pytest.approx(3.0, rel=0.1)
    assert doubts(boast, weigh_temperatures(boast, right)) == pytest.approx(1 - true, abs=0.03)


def test_few_right_answers_earn_less_trust_than_many() -> None:
    expected = [float(doubts([0.99], weigh_temperatures([0.99] * n, [True] * n))[0]) for n in (0, 10, 100, 10_000)]
    assert expected == sorted(expected, reverse=True)
    assert expected[0] > 2 * 0.01 and expected[-1] == pytest.approx(0.01, rel=0.05)


def test_an_underconfident_model_is_not_believed_more_than_it_asks_for() -> None:
    assert doubts([0.6], weigh_temperatures([0.6] * 500, [True] * 500))[0] >= 0.4


LABELLED = [0.999, 0.998, 0.997, 0.99, 0.9, 0.6]
POOL = [0.9999, 0.999, 0.995, 0.95, 0.7, 0.3]


@pytest.mark.parametrize(
    ("right", "max_error", "accepted"),
    [
        ([True] * 6, 0.01, 2),  # doubts 0.004, 0.012, 0.029 and 0.111: 0.008 in the mean of two, 0.015 of three
        ([True] * 6, 0.02, 3),
        ([True] * 6, 0.05, 4),
        ([True] * 6, 1.0, 6),
        ([True] * 6, 0.00001, 0),
    ],
)
def test_accepts_as_much_as_the_expected_error_allows(right: list[bool], max_error: float, accepted: int) -> None:
    choice = choose_threshold(POOL, LABELLED, right, max_error)
    assert choice.accepted == accepted
    assert choice.expected_error <= max_error
    assert sum(sure >= choice.threshold for sure in POOL) == accepted


def test_a_sure_answer_that_is_wrong_raises_the_bar() -> None:
    calm = choose_threshold(POOL, LABELLED, [True] * 6, 0.05)
    warned = choose_threshold(POOL, LABELLED, [True, True, False, True, True, True], 0.05)
    assert warned.temperature > 1.0
    assert warned.accepted < calm.accepted


def test_nothing_is_accepted_without_labels_to_judge_by() -> None:
    choice = choose_threshold(POOL, [], [], 0.5)
    assert choice.threshold > 1 and choice.accepted == 0
    assert choice.upper_error == 1.0


def test_a_proof_takes_many_labels() -> None:
    few = choose_threshold([0.999] * 50, [0.999] * 100, [True] * 100, 0.01, proven=True)
    many = choose_threshold([0.999] * 50, [0.999] * 300, [True] * 300, 0.01, proven=True)
    assert (few.accepted, many.accepted) == (0, 50)
    assert many.upper_error <= 0.01


def test_empty_input() -> None:
    assert choose_threshold([], [0.9], [True], 0.1).accepted == 0


def test_an_error_of_just_the_bound_is_allowed() -> None:
    choice = choose_threshold([], [0.99] * 10, [True] * 9 + [False], 0.1)
    assert (choice.threshold, choice.labelled, choice.wrong) == (0.99, 10, 1)
    assert choose_threshold([], [0.99] * 10, [True] * 9 + [False], 0.0999).labelled == 0


def test_what_is_proven_is_wrong_in_one_of_twenty_sets_at_most() -> None:
    """Looking for a lucky threshold is no proof: here the error is above the bound at each of them."""
    rng = np.random.default_rng(1)
    accepted = sum(
        choose_threshold([1.0], rng.random(400), rng.random(400) < 0.98, 0.019, proven=True).accepted
        for _ in range(150)
    )
    assert accepted <= 11, "one of twenty are seven or eight"


MAX_ERROR = 0.05


def broken_promises(on_validation: bool) -> float:
    """Return in how many of 200 bootstraps more than 5 % of what is accepted is wrong, whatever was proven.

    Of thirty epochs, each a network of 5 to 7 % error, the one that reads most of 100 validation captchas is taken.
    """
    rng = np.random.default_rng(5)
    broken = 0
    for _ in range(200):
        errors = rng.uniform(0.05, 0.07, 30)
        validation = rng.random((30, 100)) >= errors[:, None]
        best = int(validation.sum(axis=1).argmax())
        right = validation[best] if on_validation else rng.random(100) >= errors[best]
        choice = choose_threshold([0.99] * 50, [0.99] * 100, right.tolist(), MAX_ERROR, proven=True)
        broken += choice.accepted > 0 and errors[best] > MAX_ERROR
    return broken / 200


def test_a_proof_from_labels_that_steered_nothing_keeps_its_promise() -> None:
    assert broken_promises(on_validation=False) <= 0.05
    assert broken_promises(on_validation=True) > 0.24, "which is why the labels that chose the epoch are not asked"


def by_hand(pool: Any, known: Any, right: Any, max_error: float, proven: bool) -> tuple[float, int, int, int]:
    """Choose as the definition says, one threshold after another."""
    doubt, chosen = doubts(pool, weigh_temperatures(known, right)), (1.0000000000000002, 0, 0, 0)
    for threshold in sorted({*pool, *known}, reverse=True):
        accepted = [d for sure, d in zip(pool, doubt, strict=True) if sure >= threshold]
        judged = [hit for sure, hit in zip(known, right, strict=True) if sure >= threshold]
        wrong, n = judged.count(False), len(judged)
        expected = sum(accepted) / max(1, len(accepted))
        bound = clopper_pearson_upper(wrong, n) if proven else max(expected, wrong / max(1, n))
        if bound <= max_error and n:
            chosen = (threshold, len(accepted), n, wrong)
        elif proven and clopper_pearson_upper(0, n) <= max_error:
            break
    return chosen


@pytest.mark.parametrize("proven", [False, True])
def test_the_choice_is_that_of_one_threshold_after_another(proven: bool) -> None:
    rng = np.random.default_rng(9)
    for _ in range(60):
        pool, known = rng.random(30).round(1).tolist(), rng.random(60).round(2).tolist()
        right = [bool(rng.random() < 0.5 + sure / 2) for sure in known]
        max_error = float(rng.uniform(0.05, 0.4))
        choice = choose_threshold(pool, known, right, max_error, proven)
        found = (choice.threshold, choice.accepted, choice.labelled, choice.wrong)
        assert found == by_hand(pool, known, right, max_error, proven)


def test_a_hundred_thousand_answers_are_no_wait() -> None:
    rng = np.random.default_rng(2)
    pool, known = rng.random(100_000), rng.random(10_000)
    began = time.process_time()
    choice = choose_threshold(pool.tolist(), known.tolist(), (known > rng.random(10_000)).tolist(), 0.1, proven=True)
    assert choice.accepted > 0
    assert time.process_time() - began < 5, "seconds; 6 minutes where each threshold looks at all answers"


def test_one_labelled_answer_that_is_wrong_is_all_errors() -> None:
    assert choose_threshold([0.9], [0.9], [False], 0.6).accepted == 0
