"""Figures of a search: its history, slices through its settings, accuracy against time."""

from typing import TYPE_CHECKING

import pandas as pd

from dashboard.tune.searches import TITLES
from dashboard.widgets.charts import COLOURS, QUIET, styled

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

FEW = 12  # trials up to which each gets a number


def search_history(table: pd.DataFrame, title: str) -> "Figure":
    """Draw a search: ``trial``, ``name``, ``score`` as dots, ``best so far`` as a line."""
    import plotly.graph_objects as go

    figure = go.Figure()
    figure.add_scatter(
        x=table["trial"], y=table["best so far"], mode="lines", name="best so far",
        line={"color": COLOURS[0], "width": 2.2, "shape": "hv"}, hoverinfo="skip",
    )  # fmt: skip
    figure.add_scatter(
        x=table["trial"], y=table["score"], mode="markers", name="trial", text=table["name"],
        marker={"color": COLOURS[1], "size": 8}, hovertemplate="%{text}: %{y}",
    )  # fmt: skip
    figure.update_xaxes(title="trial", tickformat=",d", dtick=1 if len(table) < FEW else None)
    figure.update_yaxes(tickformat=_form(table["score"], title), range=_about(table["score"], title))
    return styled(figure, f"Best {title} of each trial (validation)", 300, legend=True)


def _form(scores: pd.Series, title: str) -> str | None:
    """Return how a score's axis is written: as per cent where it is a share."""
    return ".2~%" if title in TITLES.values() and scores.between(0, 1).all() else None


def _about(scores: pd.Series, title: str) -> list[float] | None:
    """Return the range of an axis about shares that are all the same: left alone it would go from -100 % to 100 %."""
    if scores.nunique() != 1 or _form(scores, title) is None:
        return None
    share = float(scores.dropna().iloc[0])
    return [share - 0.015, share + 0.1] if share < 0.5 else [share - 0.1, share + 0.015]


def slice_of(table: pd.DataFrame, setting: str, score: str) -> "Figure":
    """Draw the score over one setting, on a logarithmic axis where its values span more than a factor of 20."""
    import plotly.graph_objects as go

    values = table[setting]
    numeric = pd.api.types.is_numeric_dtype(values)
    figure = go.Figure(
        go.Scatter(
            x=values if numeric else values.astype(str), y=table[score], mode="markers",
            marker={"color": COLOURS[0], "size": 8, "opacity": 0.75}, hovertemplate="%{x}: %{y}<extra></extra>",
        )
    )  # fmt: skip
    wide = numeric and values.min() > 0 and values.max() > 20 * values.min()
    # A format of its own: between the powers of ten Plotly would write single digits, and small
    figure.update_xaxes(type="log" if wide else None if numeric else "category", tickformat=".2~g" if wide else None)
    figure.update_yaxes(tickformat=_form(table[score], score), nticks=5, range=_about(table[score], score))
    return styled(figure, setting.removeprefix("training.").removeprefix("options."), 220)


def pareto(table: pd.DataFrame) -> "Figure":
    """Draw accuracy against latency: ``name``, ``ms``, ``exact match``, ``front``."""
    import plotly.graph_objects as go

    front = table[table["front"]]
    figure = go.Figure()
    figure.add_scatter(
        x=front["ms"], y=front["exact match"], mode="lines", showlegend=False, hoverinfo="skip",
        line={"color": COLOURS[0], "width": 2, "shape": "hv"},
    )  # fmt: skip
    beaten = table[~table["front"]]
    for name, some, shade in (
        ("another is faster and better", beaten, QUIET),
        ("best for its time", front, COLOURS[0]),
    ):
        figure.add_scatter(
            x=some["ms"], y=some["exact match"], mode="markers", name=name, text=some["name"],
            marker={"color": shade, "size": 9}, hovertemplate="%{text}: %{y:.2%} in %{x:.3f} ms<extra></extra>",
        )  # fmt: skip
    figure.update_xaxes(title="milliseconds a captcha")
    figure.update_yaxes(tickformat=".2~%", range=_about(table["exact match"], "exact match"))
    return styled(figure, "Accuracy against time", 320, legend=True)
