"""Tables to Plotly figures. No Streamlit and no MLflow here."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

COLOURS = ("#2f6fde", "#e8743b", "#159a80", "#b14fc5", "#c9930a", "#d6455d", "#5b7a99", "#6a9f1f")
GRID = "rgba(128, 128, 128, 0.18)"
QUIET = "rgba(128, 128, 128, 0.55)"
HEIGHT_PX = 270
PLAIN = {"displayModeBar": False}
METRIC_TITLES = {
    "val_exact_match": "Exact match (validation)",
    "val_character_error_rate": "Character error rate (validation)",
    "loss": "Loss",
    "val_loss": "Loss (validation)",
    "learning_rate": "Learning rate",
}
SHARES = ("exact_match", "accuracy", "error_rate")


def colour(index: int) -> str:
    return COLOURS[index % len(COLOURS)]


def title_of(metric: str) -> str:
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


def both_losses(history: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the losses of training and validation as two courses of one metric."""
    apart = {"training": "loss", "validation": "val_loss"}
    return {name: history[history["metric"] == metric].assign(metric="loss") for name, metric in apart.items()}


def curves(
    histories: Mapping[str, pd.DataFrame],
    metric: str,
    against: str = "step",
    smoothing: float = 0.0,
    logarithmic: bool = False,
) -> "Figure":
    """Draw a metric's course in several runs.

    Args:
        histories: By the runs' names, in the order that gives them their colours: ``metric``, ``step``, ``time_ms``,
            ``value``.
        metric: Which of the metrics.
        against: ``step``, or ``time`` for minutes since the run's first value.
        smoothing: Weight of the moving average, 0 for none; the plain values stay behind it, faint.
        logarithmic: Whether the values' axis is.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    for index, (name, history) in enumerate(histories.items()):
        mine = history[history["metric"] == metric].sort_values("step")
        if mine.empty:
            continue
        x = mine["step"] if against == "step" else (mine["time_ms"] - history["time_ms"].min()) / 60_000
        line = {"color": colour(index), "width": 2.2}
        if smoothing > 0:
            figure.add_scatter(
                x=x, y=mine["value"], mode="lines", line={**line, "width": 1}, opacity=0.3,
                hoverinfo="skip", showlegend=False,
            )  # fmt: skip
        mode = "lines+markers" if len(mine) < 3 else "lines"
        figure.add_scatter(x=x, y=smoothed(mine["value"].tolist(), smoothing), mode=mode, line=line, name=name)
    share = any(part in metric for part in SHARES)
    figure.update_yaxes(type="log" if logarithmic else "linear", tickformat=".0%" if share else None)
    figure.update_xaxes(title="epoch" if against == "step" else "minutes")
    return styled(figure, title_of(metric), legend=len(histories) > 1)


def styled(figure: "Figure", title: str = "", height_px: int = HEIGHT_PX, legend: bool = False) -> "Figure":
    """Give a figure the look that all of them share: quiet grid, title above, legend below it."""
    figure.update_layout(
        title={"text": title, "x": 0, "xanchor": "left", "font": {"size": 14}} if title else None,
        height=height_px,
        margin={"l": 8, "r": 8, "t": 44 if title else 12, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        showlegend=legend,
        legend={"orientation": "h", "y": -0.22, "x": 0, "font": {"size": 12}},
        hovermode="x unified" if legend else "closest",
        hoverlabel={"namelength": -1},
        dragmode=False,
        colorway=list(COLOURS),
    )
    figure.update_xaxes(gridcolor=GRID, zeroline=False, automargin=True, title_font={"size": 12})
    figure.update_yaxes(gridcolor=GRID, zeroline=False, automargin=True, title_font={"size": 12})
    return figure
