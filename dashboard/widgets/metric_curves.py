"""The course of metrics over epochs or minutes as Plotly figures."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from captcha_core.tracking.names import Metric
from dashboard.widgets.charts import colour, styled, ticks, value_axis, whole_range

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

METRIC_TITLES = {
    Metric.VAL_EXACT_MATCH: "Exact match (validation)",
    Metric.VAL_CHARACTER_ERROR_RATE: "Character error rate (validation)",
    "loss": "Loss",
    Metric.VAL_LOSS: "Loss (validation)",
    "learning_rate": "Learning rate",
}


def title_of(metric: str) -> str:
    """Return how a metric is called above its chart."""
    return METRIC_TITLES.get(metric, metric)


def smoothed(values: Sequence[float], weight: float) -> list[float]:
    """Return the exponential moving average, without the pull towards zero at its beginning."""
    if weight <= 0:
        return [float(value) for value in values]
    average, seen, result = 0.0, 0.0, []
    for value in values:
        if np.isfinite(value):
            average = weight * average + (1 - weight) * float(value)
            seen = weight * seen + (1 - weight)
        result.append(average / seen if seen else float("nan"))
    return result


def bands(courses: Mapping[str, pd.DataFrame], metric: str, logarithmic: bool = False) -> "Figure":
    """Draw the mean of a metric over the runs of each group, and one standard deviation to both sides.

    Args:
        courses: By the groups' names: ``step``, ``mean``, ``low``, ``high``.
        metric: Which metric it is.
        logarithmic: Whether the values' axis is.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    for index, (name, course) in enumerate(courses.items()):
        shade = colour(index)
        figure.add_scatter(
            x=[*course["step"], *course["step"][::-1]], y=[*course["high"], *course["low"][::-1]], fill="toself",
            fillcolor=shade, opacity=0.18, line={"width": 0}, hoverinfo="skip", showlegend=False, mode="lines",
        )  # fmt: skip
        line = {"color": shade, "width": 2.2}
        figure.add_scatter(x=course["step"], y=course["mean"], mode="lines+markers", line=line, name=name)
    share = value_axis(figure, metric, logarithmic)
    if share and not logarithmic:
        values = [value for course in courses.values() for value in (*course["low"], *course["high"])]
        figure.update_yaxes(range=whole_range(values, share))
    figure.update_xaxes(title="epoch")
    return styled(figure, f"{title_of(metric)}: mean and spread", legend=True)


def both_losses(history: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the losses of training and validation as two courses of one metric."""
    apart = {"training": "loss", "validation": Metric.VAL_LOSS}
    return {name: history[history["metric"] == metric].assign(metric="loss") for name, metric in apart.items()}


def curves(
    histories: Mapping[str, pd.DataFrame],
    metric: str,
    against: str = "step",
    smoothing: float = 0.0,
    logarithmic: bool = False,
    legend: bool = True,
    logarithmic_x: bool = False,
) -> "Figure":
    """Draw a metric's course in several runs.

    Args:
        histories: By the runs' names, in the order that gives them their colours: ``metric``, ``step``, ``time_ms``,
            ``value``.
        metric: Which of the metrics.
        against: ``step``, or ``time`` for minutes since the run's first value.
        smoothing: Weight of the moving average, 0 for none; the plain values stay behind it, faint.
        logarithmic: Whether the values' axis is.
        legend: Whether to name the runs in the figure.
        logarithmic_x: Whether the axis of epochs or minutes is.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    for index, (name, history) in enumerate(histories.items()):
        points = history[history["metric"] == metric].sort_values("step")
        if points.empty:
            continue
        x = points["step"] if against == "step" else (points["time_ms"] - history["time_ms"].min()) / 60_000
        line = {"color": colour(index), "width": 2.2}
        if smoothing > 0:
            figure.add_scatter(
                x=x, y=points["value"], mode="lines", line={**line, "width": 1}, opacity=0.3,
                hoverinfo="skip", showlegend=False,
            )  # fmt: skip
        mode = "lines+markers" if len(points) < 3 else "lines"
        figure.add_scatter(x=x, y=smoothed(points["value"].tolist(), smoothing), mode=mode, line=line, name=name)
    share = value_axis(figure, metric, logarithmic)
    figure.update_xaxes(title="epoch" if against == "step" else "minutes")
    steps = max((int(history["step"].max()) for history in histories.values() if len(history)), default=0)
    if logarithmic_x:
        figure.update_xaxes(type="log", tickformat=ticks(share=False))
    elif against == "step" and steps < 12:
        figure.update_xaxes(dtick=1, range=[-0.3, steps + 0.3])  # whole epochs, and no axis about a single dot
    if not logarithmic:
        points = [float(point) for one in figure.data for point in one.y if np.isfinite(point)]
        figure.update_yaxes(range=whole_range(points, share))
    styled(figure, title_of(metric), legend=legend and len(histories) > 1)
    return figure.update_layout(hovermode="x unified") if len(histories) > 1 else figure
