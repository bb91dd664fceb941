"""The exact test against SciPy, the bound against simulation, and the rule's verdicts in words."""

import time

import numpy as np
import pytest
from pydantic import ValidationError

from captcha_core.evaluation.significance import Contender, PromotionRule, mcnemar, paired_difference


def paired(both: int, gained: int, lost: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (champion, challenger) with the given counts."""
    champion = [True] * both + [False] * gained + [True] * lost + [False] * neither
    challenger = [True] * both + [True] * gained + [False] * lost + [False] * neither
    return np.array(champion), np.array(challenger)


@pytest.mark.parametrize(("gained", "lost"), [(0, 0), (1, 0), (0, 6), (10, 10), (12, 3), (40, 61), (700, 640)])
def test_mcnemar_is_the_binomial_test(gained: int, lost: int) -> None:
    from scipy.stats import binomtest

    test = mcnemar(*paired(5, gained, lost, 5))
    expected = binomtest(gained, gained + lost, 0.5).pvalue if gained + lost else 1.0
    assert (test.gained, test.lost) == (gained, lost)
    assert test.p_value == pytest.approx(expected)


def test_mcnemar_of_ten_thousand_differences_is_no_wait() -> None:
    began = time.process_time()
    assert mcnemar(*paired(0, 5000, 5100, 0)).p_value == pytest.approx(0.3244, abs=1e-3)
    assert time.process_time() - began < 1, "seconds"


def test_mcnemar_of_nothing_is_no_difference() -> None:
    assert mcnemar([], []).p_value == 1.0


def test_unpaired_answers_are_refused() -> None:
    with pytest.raises(ValueError, match="same samples"):
        mcnemar([True], [True, False])


def test_difference_of_nothing_is_unknown() -> None:
    nothing = paired_difference([], [])
    assert (nothing.value, nothing.at_least) == (0.0, -1.0)


def test_lower_bound_covers_the_truth_as_often_as_it_says() -> None:
    random = np.random.default_rng(7)
    below = 0
    for _ in range(2000):
        # 1 % gained, 2 % lost: the true difference is -1 point
        kinds = random.choice(3, size=1500, p=[0.97, 0.01, 0.02])
        below += paired_difference(kinds != 1, kinds != 2).at_least <= -0.01
    assert 0.93 <= below / 2000 <= 0.98


def contender(right: np.ndarray, latency_ms: float = 1.0, size_bytes: int = 1000) -> Contender:
    return Contender("model", right, latency_ms, size_bytes)


@pytest.mark.parametrize(
    ("counts", "promote"),
    [
        ((1900, 10, 10, 80), True),  # as good, and enough samples to say so
        ((1900, 60, 5, 35), True),  # better
        ((1900, 5, 60, 35), False),  # worse
        ((95, 1, 1, 3), False),  # as good as far as one can see, which is not far
        ((0, 0, 0, 0), False),  # nothing seen
    ],
)
def test_not_worse(counts: tuple[int, int, int, int], promote: bool) -> None:
    champion, challenger = paired(*counts)
    verdict = PromotionRule().judge(contender(champion), contender(challenger))
    assert verdict.promote is promote
    assert [reason.holds for reason in verdict.reasons] == [promote, True, True]


def test_a_small_data_set_is_named_as_the_reason() -> None:
    champion, challenger = paired(95, 1, 1, 3)
    verdict = PromotionRule().judge(contender(champion), contender(challenger))
    assert "too small to tell" in str(verdict)


def test_slow_and_large_challengers_are_refused_in_words() -> None:
    champion, challenger = paired(1900, 10, 10, 80)
    verdict = PromotionRule().judge(contender(champion), contender(challenger, latency_ms=1.3, size_bytes=1600))
    assert not verdict.promote
    assert [reason.condition for reason in verdict.reasons if not reason.holds] == ["latency", "size"]
    assert "1.30 times, allowed 1.2 times" in verdict.reasons[1].sentence
    assert str(verdict).startswith("do not promote:\nyes exact match 95.50% against 95.50% on 2,000 samples")
    wide = PromotionRule(max_latency_ratio=2, max_size_ratio=2)
    assert wide.judge(contender(champion), contender(challenger, 1.3, 1600)).promote


@pytest.mark.parametrize("options", [{"margin": 0}, {"confidence": 0.2}, {"max_size_ratio": -1}, {"colour": "red"}])
def test_a_rule_that_cannot_be_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        PromotionRule.model_validate(options)
