"""The exact tests against whole numbers and every table there can be, the bound against the published one."""

import math
import time

import numpy as np
import pytest
from scipy.stats import binom, multinomial

from captcha_core.evaluation.significance import mcnemar, needed_samples, not_worse_p, paired_difference


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


@pytest.mark.parametrize(
    ("counts", "confidence", "at_least"),
    [
        ((1, 1, 7, 12), 0.975, -0.517),  # Bentur and others 2009, in Fagerland, Lydersen and Laake 2014
        ((1, 7, 1, 12), 0.975, 0.026),  # its other end
        ((1000, 0, 0, 0), 0.95, -(1.6448536**2) / (1000 + 1.6448536**2)),
        ((0, 1, 0, 0), 0.95, 1 - 2 * 1.6448536**2 / (1 + 1.6448536**2)),
        ((0, 0, 10, 0), 0.95, -1.0),
    ],
)
def test_lower_bound_is_that_of_tango(counts: tuple[int, int, int, int], confidence: float, at_least: float) -> None:
    assert paired_difference(*paired(*counts), confidence).at_least == pytest.approx(at_least, abs=5e-4)


MARGIN = 0.01
SIZES = (50, 100, 200, 500, 1000)


@pytest.fixture(scope="module", params=SIZES)
def passes(request: pytest.FixtureRequest) -> tuple[int, np.ndarray]:
    """A number of samples, and for each number of losses the fewest gains with which a challenger passes."""
    n, gains, fewest = request.param, 0, []
    for losses in range(min(n, int(0.11 * n + 6 * math.sqrt(0.11 * n))) + 1):
        while losses + gains <= n and not_worse_p(gains, losses, n, MARGIN) > 0.05:
            gains += 1
        fewest.append(gains)
    return n, np.array(fewest)


def chance_to_pass(n: int, fewest: np.ndarray, gained: float, lost: float) -> float:
    """Return the exact chance, over every table of n paired answers."""
    losses = np.arange(len(fewest))
    tail = np.where(losses + fewest <= n, binom.sf(fewest - 1, n - losses, gained / (1 - lost)), 0.0)
    return float(binom.pmf(losses, n, lost) @ tail)


def test_the_error_is_never_above_five_percent(passes: tuple[int, np.ndarray]) -> None:
    """What is worse by exactly the margin passes in 5 % of all sets, however often the two models disagree."""
    errors = [
        chance_to_pass(*passes, (apart - MARGIN) / 2, (apart + MARGIN) / 2)
        for apart in (MARGIN, 0.0105, 0.012, 0.015, 0.02, 0.03, 0.06, 0.1, 0.2)
    ]
    assert max(errors) <= 0.0501
    if passes[0] >= 500:
        assert max(errors) >= 0.048, "nor is it much lower"


@pytest.mark.parametrize(("n", "passed"), [(298, False), (299, True)])
def test_two_perfect_models_are_exchangeable_from_299_samples_on(n: int, passed: bool) -> None:
    assert (not_worse_p(0, 0, n, MARGIN) <= 0.05) is passed
    assert not_worse_p(0, 0, n, MARGIN) == pytest.approx((1 - MARGIN) ** n)
    assert needed_samples(MARGIN) == 299


def test_the_exact_test_agrees_with_a_sum_over_all_tables() -> None:
    """By hand: chances of all tables of eight answers at each share, no window and no shortcut."""
    n, margin = 8, 0.1

    def score(gained: int, lost: int) -> float:
        roots = np.roots([2 * n, -(2 * n * margin + gained * (1 - margin) + lost * (1 + margin)), lost * margin * 1.1])
        share = max(roots.real)
        return float((gained - lost + n * margin) / math.sqrt(n * (2 * share - margin - margin**2)))

    tables = [(gained, lost) for gained in range(n + 1) for lost in range(n + 1 - gained)]
    for table in [(0, 0), (1, 0), (3, 1), (2, 2), (0, 3), (8, 0)]:
        favourable = [other for other in tables if score(*other) >= score(*table) - 1e-9]
        largest = 0.0
        for share in np.linspace(0, (1 - margin) / 2, 200):
            shares = [share, share + margin, max(0.0, 1 - margin - 2 * share)]
            cells = [(g, k, n - g - k) for g, k in favourable]
            largest = max(largest, float(multinomial.pmf(cells, n, shares).sum()))
        assert not_worse_p(*table, n, margin) == pytest.approx(largest, abs=2e-3)


def test_nothing_is_shown_by_no_samples() -> None:
    assert not_worse_p(0, 0, 0, MARGIN) == 1.0


@pytest.mark.parametrize("apart", [0.005, 0.02])
def test_the_needed_samples_are_enough_four_times_in_five(apart: float) -> None:
    n = needed_samples(MARGIN, discordant_share=apart)
    rng = np.random.default_rng(3)
    lost, gained, _ = rng.multinomial(n, [apart / 2, apart / 2, 1 - apart], size=150).T
    passed = [not_worse_p(int(g), int(k), n, MARGIN) <= 0.05 for g, k in zip(gained, lost, strict=True)]
    assert 0.68 <= np.mean(passed) <= 0.9


def test_more_samples_are_needed_where_models_disagree_more_and_margins_are_narrower() -> None:
    assert needed_samples(0.01) < needed_samples(0.01, 0.95, 0.02) < needed_samples(0.01, 0.95, 0.1)
    assert needed_samples(0.02) < needed_samples(0.01) < needed_samples(0.01, 0.99)
    assert needed_samples(0.01, 0.95, 0.1, power=0.5) < needed_samples(0.01, 0.95, 0.1, power=0.9)
