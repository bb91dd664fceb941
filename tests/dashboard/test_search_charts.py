"""Axes of a search's figures, where few or equal trials leave Plotly nothing to go by."""

import pandas as pd
import pytest

from dashboard.tune.search_charts import pareto, search_history, slice_of


def trials(scores: list[float]) -> pd.DataFrame:
    numbers = range(1, len(scores) + 1)
    rows = {"trial": numbers, "name": [f"t{n}" for n in numbers], "score": scores, "best so far": scores}
    return pd.DataFrame({**rows, "exact match": scores, "ms": [float(n) for n in numbers], "front": True})


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_shares_that_are_all_the_same_have_an_axis_about_them(share: float) -> None:
    table = trials([share, share])
    for figure in (search_history(table, "exact match"), pareto(table), slice_of(table, "ms", "exact match")):
        low, high = figure.layout.yaxis.range
        assert -0.05 < low < share < high < 1.05


def test_shares_that_differ_and_losses_keep_their_own_axis() -> None:
    for scores in ([0.1, 0.4], [3.5, 3.5]):
        assert search_history(trials(scores), "loss").layout.yaxis.range is None


def test_few_trials_are_counted_one_by_one() -> None:
    assert search_history(trials([0.1, 0.2]), "exact match").layout.xaxis.dtick == 1
    assert search_history(trials([0.1] * 40), "exact match").layout.xaxis.dtick is None
