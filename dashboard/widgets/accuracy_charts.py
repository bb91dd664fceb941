"""What models read right, with intervals, and which characters they mistake, as Plotly figures."""

import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dashboard.widgets.charts import COLOURS, QUIET, colour, styled

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def forest(figures: pd.DataFrame) -> "Figure":
    """Draw the exact match of runs (rows) with its interval: columns ``exact match``, ``from``, ``to`` in [0, 1]."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for index, (name, row) in enumerate(figures.iterrows()):
        error = None
        if {"from", "to"} <= set(figures.columns):
            error = {
                "array": [row["to"] - row["exact match"]],
                "arrayminus": [row["exact match"] - row["from"]],
                "thickness": 2,
                "width": 6,
            }
        figure.add_scatter(
            x=[row["exact match"]], y=[str(name)], error_x=error, mode="markers", name=str(name),
            marker={"size": 12, "color": colour(index)}, hovertemplate="%{x:.2%}<extra>%{y}</extra>",
        )  # fmt: skip
    figure.update_xaxes(tickformat=".2~%", nticks=6, title="exact match with its 95% interval")
    figure.update_yaxes(autorange="reversed")
    return styled(figure, height_px=90 + 44 * len(figures))


def cost(figures: pd.DataFrame, order: Sequence[str]) -> "Figure":
    """Draw the exact match of runs against their time a captcha, the dots as large as the models.

    Args:
        figures: A row a run: ``exact match``, ``ms a captcha``, and ``bytes`` where they are known.
        order: The runs in the order that gives them their colours.
    """
    import plotly.graph_objects as go

    largest = float(figures["bytes"].max()) if "bytes" in figures else 0.0
    figure = go.Figure()
    for name, row in figures.iterrows():
        weight = row["bytes"] / largest if largest and row["bytes"] == row["bytes"] else 0.3
        size = f"{row['bytes']:,.0f} bytes" if largest and row["bytes"] == row["bytes"] else "size not known"
        figure.add_scatter(
            x=[row["ms a captcha"]], y=[row["exact match"]], mode="markers", name=str(name), cliponaxis=False,
            marker={"size": 10 + 16 * weight**0.5, "color": colour(order.index(str(name))), "opacity": 0.85},
            hovertemplate=f"%{{y:.2%}} in %{{x:.3f}} ms, {size}<extra>{html.escape(str(name))}</extra>",
        )  # fmt: skip
    shares = figures["exact match"]
    pad = max(0.0005, 0.3 * (shares.max() - shares.min()))
    figure.update_xaxes(title="milliseconds a captcha", range=[0, 1.15 * figures["ms a captcha"].max()])
    figure.update_yaxes(tickformat=".2~%", nticks=6, range=[shares.min() - pad, min(1.0, shares.max() + pad)])
    return styled(figure, "Exact match against time, dots as large as the models", 300)


def grouped(groups: Mapping[str, pd.DataFrame], by: str) -> "Figure":
    """Draw the exact match of groups of samples for several runs.

    Args:
        groups: By the runs' names: ``by``, ``exact_match``, ``low``, ``high``, ``n``.
        by: ``length`` or ``character``.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    for index, (name, table) in enumerate(groups.items()):
        figure.add_scatter(
            x=table[by].astype(str), y=table["exact_match"], name=name, mode="markers",
            marker={"size": 9, "color": colour(index)}, customdata=table["n"],
            error_y=_spread(table, "exact_match", "low", "high", 3),
            hovertemplate="%{y:.2%} (n = %{customdata:,})",
        )  # fmt: skip
    figure.update_layout(scattermode="group", scattergap=0.6)
    figure.update_xaxes(type="category", title=by)
    lowest = min((float(table["low"].min()) for table in groups.values() if len(table)), default=0.0)
    margin = 0.05 * (1.0 - lowest)
    figure.update_yaxes(tickformat=".2~%", nticks=6, range=[max(0.0, lowest - margin), 1.0 + margin])
    return styled(figure, f"Exact match by {by}", 320)


def confusion(
    matrix: np.ndarray,
    characters: Sequence[str],
    title: str,
    difference: bool = False,
    most: float | None = None,
    logarithmic: bool = False,
) -> "Figure":
    """Draw a confusion (rows: true characters), its diagonal left out: what is right would outshine every mistake.

    Args:
        matrix: Shares (K + 1, K + 1), or differences of shares.
        characters: K characters; the last row and column stand for nothing.
        title: What it shows.
        difference: Whether values go both ways.
        most: The share of the strongest colour, so that several have one scale; by default the largest there is.
        logarithmic: Whether colours go by the logarithm: then a rare mistake is seen beside a frequent one.
    """
    import plotly.graph_objects as go

    shown = np.array(matrix, dtype=float)
    np.fill_diagonal(shown, np.nan)
    labels = [*characters, "∅"]
    top = most or largest_mistake(shown)
    values, bar = shown, {"tickformat": ".2~%", "nticks": 5}
    low = -top if difference else 0.0
    if logarithmic and not difference:
        values = np.log10(np.where(shown > 0, shown, np.nan))
        low, top = np.log10(top) - 3, np.log10(top)
        ticks = [np.floor(top) - step for step in range(4)]
        bar = {"tickvals": ticks, "ticktext": [f"{100 * 10**tick:g}%" for tick in ticks]}
    scale = [[0, "#2f6fde"], [0.5, "rgba(128,128,128,0.06)"], [1, "#d6455d"]]
    figure = go.Figure(
        go.Heatmap(
            z=values, x=labels, y=labels, zmin=low, zmax=top, xgap=1, ygap=1, customdata=shown,
            colorscale=scale if difference else [[0, "rgba(128,128,128,0.06)"], [1, "#d6455d"]],
            colorbar={"thickness": 10, "outlinewidth": 0, "len": 0.9, **bar},
            hovertemplate="%{y} read as %{x}: %{customdata:.2%}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_xaxes(type="category", title="read", side="bottom")
    figure.update_yaxes(type="category", title="true", autorange="reversed")
    styled(figure, title, 380)
    return figure.update_xaxes(showgrid=False).update_yaxes(showgrid=False)


def largest_mistake(matrix: np.ndarray) -> float:
    """Return the largest share beside the diagonal, 1 % where there is none."""
    beside = np.array(matrix, dtype=float)
    np.fill_diagonal(beside, np.nan)
    return float(np.nanmax(np.abs(beside), initial=0.0)) or 0.01


def _spread(table: pd.DataFrame, value: str, low: str, high: str, width: float = 4) -> dict[str, object]:
    """Return error bars from the columns of an interval."""
    return {
        "array": table[high] - table[value],
        "arrayminus": table[value] - table[low],
        "thickness": 1.4,
        "width": width,
    }


def _course(table: pd.DataFrame, x: pd.Series, value: str, low: str, high: str, hover: str) -> "Figure":
    """Draw a value with its interval as dots on a line."""
    import plotly.graph_objects as go

    line = go.Scatter(
        x=x, y=table[value], mode="lines+markers", customdata=table.get("n"), hovertemplate=f"{hover}<extra></extra>",
        line={"color": COLOURS[0], "width": 2.2}, marker={"size": 9}, error_y=_spread(table, value, low, high),
    )  # fmt: skip
    return go.Figure(line)


def over_versions(table: pd.DataFrame) -> "Figure":
    """Draw the exact match of a model's versions: ``version``, ``exact match``, ``from``, ``to``."""
    figure = _course(table, table["version"].astype(str), "exact match", "from", "to", "version %{x}: %{y:.2%}")
    figure.update_xaxes(type="category", title="version")
    figure.update_yaxes(tickformat=".2~%", nticks=5)
    return styled(figure, "Exact match of each version on its test samples", 250)


def breaking_point(table: pd.DataFrame) -> "Figure":
    """Draw exact match over difficulty: ``difficulty``, ``exact_match``, ``low``, ``high``, ``n``."""
    hover = "%{y:.1%} of %{customdata:,}"
    figure = _course(table, table["difficulty"], "exact_match", "low", "high", hover)
    figure.add_vline(
        x=1,
        line={"color": QUIET, "dash": "dot"},
        annotation_text="as trained",
        annotation_font_size=12,
        annotation_position="bottom left",
    )
    figure.update_xaxes(title="difficulty", dtick=0.5)
    figure.update_yaxes(tickformat=".0%", range=[-0.02, 1.05])
    return styled(figure, "Where the model breaks", 280)
