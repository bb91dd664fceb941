"""Truth tables of the metrics, empty and unreadable samples included."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from captcha_core.evaluation.metrics import (
    NOTHING,
    Proportion,
    accuracy_by_position,
    align,
    answered,
    character_error_rate,
    confusion,
    edit_distance,
    exact_match,
    exact_match_by_character,
    exact_match_by_length,
    exact_match_by_operator,
    expected_calibration_error,
    headline,
    per_position_accuracy,
    reliability,
    wilson_interval,
)


@pytest.mark.parametrize(
    ("truth", "read", "hits"),
    [
        (["1234"], ["1234"], 1),
        (["1234"], ["1243"], 0),
        (["1234"], ["123"], 0),
        (["1234"], [""], 0),
        (["1234"], [None], 0),
        (["ab", "ab"], ["ab", "AB"], 1),
        ([], [], 0),
    ],
)
def test_exact_match(truth: list[str], read: list[str | None], hits: int) -> None:
    assert exact_match(truth, read) == Proportion(hits, len(truth))


@pytest.mark.parametrize(
    "measure",
    [exact_match, exact_match_by_length, answered, character_error_rate, accuracy_by_position, confusion],
)
def test_unequal_numbers_are_refused(measure: Callable[[Any, Any], object]) -> None:
    for truth, read in ((["a"], []), (["a"], ["a", "b"])):
        with pytest.raises(ValueError, match=r"shorter|longer"):
            measure(truth, read)


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634), (983, 1000, 0.9730, 0.9894)],
)
def test_wilson_interval(hits: int, n: int, low: float, high: float) -> None:
    assert wilson_interval(hits, n) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


def test_wilson_interval_agrees_with_scipy() -> None:
    from scipy.stats import binomtest

    for hits, n in [(1, 7), (50, 60), (2999, 3000), (0, 3), (3, 3)]:
        theirs = binomtest(hits, n).proportion_ci(0.95, method="wilson")
        assert wilson_interval(hits, n) == (pytest.approx(theirs.low), pytest.approx(theirs.high))


def test_a_share_of_nothing_says_nothing() -> None:
    assert Proportion(0, 0).value == 0.0
    assert Proportion(0, 0).interval == (0.0, 1.0)
    assert str(Proportion(1, 2)) == "50.00% (95 % interval 9.45% to 90.55%, n = 2)"
    assert Proportion(1, 2).as_dict()["n"] == 2


@pytest.mark.parametrize(
    ("truth", "read", "distance"),
    [
        ("", "", 0),
        ("", "ab", 2),
        ("ab", "", 2),
        ("abc", "abc", 0),
        ("abc", "abd", 1),
        ("abc", "ac", 1),
        ("abc", "abbc", 1),
        ("kitten", "sitting", 3),
        ("12", "21", 2),
    ],
)
def test_edit_distance_and_alignment_agree(truth: str, read: str, distance: int) -> None:
    assert edit_distance(truth, read) == distance
    pairs = align(truth, read)
    assert "".join(mine for mine, _ in pairs) == truth
    assert "".join(theirs for _, theirs in pairs) == read
    assert sum(mine != theirs for mine, theirs in pairs) == distance


@pytest.mark.parametrize(
    ("truth", "read", "rate"),
    [
        (["1234"], ["1234"], 0.0),
        (["1234"], ["1235"], 0.25),
        (["1"], ["2"], 1.0),
        (["1234", "56"], ["1234", None], 2 / 6),
        (["12"], ["12345678"], 3.0),
        ([], [], 0.0),
        ([""], [""], 0.0),
    ],
)
def test_character_error_rate(truth: list[str], read: list[str | None], rate: float) -> None:
    assert character_error_rate(truth, read) == pytest.approx(rate)


def test_positions() -> None:
    truth, read = ["1234", "12", "99"], ["1294", "2", None]
    by_position = accuracy_by_position(truth, read)
    assert by_position == {0: Proportion(1, 3), 1: Proportion(1, 3), 2: Proportion(0, 1), 3: Proportion(1, 1)}
    assert per_position_accuracy(truth, read) == pytest.approx(3 / 8)
    assert per_position_accuracy(["1"], ["1"]) == 1.0
    assert accuracy_by_position([], []) == {}
    assert per_position_accuracy([], []) == 0.0


def test_confusion_survives_a_missing_character() -> None:
    table = confusion(["abcd", "ab", "x"], ["acd", "ob", None])
    assert table == {
        ("b", "b"): 1,
        ("c", "c"): 1,
        ("d", "d"): 1,
        ("a", "a"): 1,
        ("a", "o"): 1,
        ("b", NOTHING): 1,
        ("x", NOTHING): 1,
    }
    assert confusion([], []) == {}
    assert list(confusion(["aab"], ["aab"])) == [("a", "a"), ("b", "b")], "most frequent first"


def test_groups() -> None:
    truth, read = ["12", "11", "123"], ["12", "13", "123"]
    assert exact_match_by_length(truth, read) == {2: Proportion(1, 2), 3: Proportion(1, 1)}
    assert exact_match_by_character(truth, read) == {
        "1": Proportion(2, 3),
        "2": Proportion(2, 2),
        "3": Proportion(1, 1),
    }
    assert exact_match_by_length([], []) == exact_match_by_character([], []) == {}


def test_a_sum_is_answered_by_whatever_comes_to_the_same() -> None:
    truth, read = ["1+2=?", "4-1=?", "2+2=?", "2*3=?", "1+1-1=?", "ab"], ["2+1=?", "4+1=?", None, "6*1=?", "?", "ab"]
    assert answered(truth, read).tolist() == [True, False, False, True, False, False]
    assert exact_match_by_operator(truth, read) == {
        "+": Proportion(1, 3),
        "-": Proportion(0, 2),
        "×": Proportion(1, 1),
    }


@pytest.mark.parametrize(
    ("confidence", "hits", "error"),
    [
        ([1.0, 1.0], [True, True], 0.0),
        ([1.0, 1.0], [False, False], 1.0),
        ([0.75] * 4, [True, True, True, False], 0.0),
        ([0.95, 0.15], [True, True], 0.45),
        ([0.0], [False], 0.0),
        ([0.4], [True], 0.6),
        ([0.06, 0.065], [True, False], 0.4375),  # in one of fifteen bins
        ([], [], 0.0),
    ],
)
def test_expected_calibration_error(confidence: list[float], hits: list[bool], error: float) -> None:
    assert expected_calibration_error(confidence, hits) == pytest.approx(error)


def test_reliability_keeps_every_sample_once() -> None:
    rows = reliability([0.0, 0.05, 0.5, 1.0], [False, False, True, True], bins=10)
    assert [(row.low, row.n) for row in rows] == [(0.0, 2), (0.5, 1), (0.9, 1)]
    assert [row.high for row in reliability([0.0, 1.0], [True, True])] == [1 / 15, 1.0]
    with pytest.raises(ValueError, match="as many confidences as answers"):
        reliability([0.5], [])


def test_headline_is_finite_even_for_nothing() -> None:
    empty = headline([], [], [])
    assert all(math.isfinite(value) for value in empty.values())
    assert empty["exact_match_high"] == 1.0
    some = headline(["12", "34"], ["12", None], [0.9, 0.0])
    assert some["exact_match"] == 0.5
    assert some["character_error_rate"] == 0.5
    assert some["per_position_accuracy"] == 0.5
    assert some["expected_calibration_error"] == pytest.approx(0.05)


def test_every_confidence_falls_into_the_bin_that_begins_at_or_below_it() -> None:
    rows = reliability([0.0, 0.24, 0.25, 0.5, 0.74, 1.0, 1.0], [False, True, True, False, True, True, False], bins=4)
    assert [(row.low, row.high, row.n) for row in rows] == [
        (0.0, 0.25, 2), (0.25, 0.5, 1), (0.5, 0.75, 2), (0.75, 1.0, 2)
    ]  # fmt: skip
    assert [row.exact_match for row in rows] == [0.5, 1.0, 0.5, 0.5]
    assert [row.confidence for row in rows] == pytest.approx([0.12, 0.25, 0.62, 1.0])
    assert [row.n for row in reliability([0.1], [True], bins=4)] == [1], "bins without samples are left out"
    with pytest.raises(ValueError, match="as many confidences as answers"):
        reliability([0.5, 0.5], [True])
