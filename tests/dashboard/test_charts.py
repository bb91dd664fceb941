"""Axes of charts: what they are labelled with, and that nothing lies on their border."""

import pandas as pd
import pytest

from captcha_core.tracking.names import Metric
from dashboard.widgets import metric_curves


def course(metric: str, *values: float) -> pd.DataFrame:
    rows = [(metric, step, 1000 * step, value) for step, value in enumerate(values)]
    return pd.DataFrame(rows, columns=["metric", "step", "time_ms", "value"])


@pytest.mark.parametrize("values", [(0.003,), (0.0, 0.0), (0.99, 1.0), (1.0,), (0.0, 0.95)])
def test_an_axis_of_shares_goes_hardly_beyond_none_and_all(values: tuple[float, ...]) -> None:
    metric = Metric.VAL_CHARACTER_ERROR_RATE
    figure = metric_curves.curves({"a": course(metric, *values)}, metric)
    low, high = figure.layout.yaxis.range
    assert -0.06 < low < min(values) and max(values) < high < 1.06, "no mark of -2 %, and no line on the border"
    assert high - low > 0.03


def test_a_learning_rate_is_written_without_a_prefix_of_units() -> None:
    figure = metric_curves.curves({"a": course("learning_rate", 9.5e-7)}, "learning_rate")
    assert figure.layout.yaxis.tickformat == ".3~g", "Plotly would write 0.95µ"
