"""The exact test against whole numbers, and the bound against simulation."""

import math
import time

import numpy as np
import pytest

from captcha_core.evaluation.significance import mcnemar, paired_difference


def paired(both: int, gained: int, lost: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (champion, challenger) with the given counts."""
    champion = [True] * both + [False] * gained + [True] * lost + [False] * neither
    challenger = [True] * both + [True] * gained + [False] * lost + [False] * neither
    return np.array(champion), np.array(challenger)


@pytest.mark.parametrize(("gained", "lost"), [(0, 0), (1, 0), (0, 6), (10, 10), (12, 3), (40, 61), (700, 640)])
def test_mcnemar_is_the_binomial_test(gained: int, lost: int) -> None:
    test = mcnemar(*paired(5, gained, lost, 5))
    total, fewer = gained + lost, min(gained, lost)
    expected = min(1.0, 2 * sum(math.comb(total, k) for k in range(fewer + 1)) / 2**total)
    assert (test.gained, test.lost) == (gained, lost)
    assert test.p_value == pytest.approx(expected, abs=1e-9)


def test_mcnemar_of_thirty_thousand_differences_is_no_wait() -> None:
    mcnemar([True], [False])  # imports SciPy
    began = time.process_time()
    assert mcnemar(*paired(0, 14_900, 15_100, 0)).p_value == pytest.approx(0.2506, abs=1e-3)
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
