"""The look that all figures share, and tables as bars, columns and parallel lines. No Streamlit and no MLflow here."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

COLOURS = ("#2f6fde", "#e8743b", "#159a80", "#b14fc5", "#c9930a", "#d6455d", "#5b7a99", "#6a9f1f")
GRID = "rgba(128, 128, 128, 0.18)"
QUIET = "rgba(128, 128, 128, 0.55)"
HEIGHT_PX = 270
SHARES = ("exact_match", "accuracy", "error_rate")


def tools(name: str) -> dict[str, Any]:
    """Return Plotly's settings for a chart to work with: zoom, pan, back, and a PNG of this name."""
    return {
        "displayModeBar": True,
        "displaylogo": False,
        "modeBarButtons": [["zoom2d", "pan2d", "resetScale2d", "toImage"]],
        "toImageButtonOptions": {"format": "png", "filename": name, "scale": 2},
    }


def colour(index: int) -> str:
    """Return the colour of the run at a place in the list; after the last one they repeat."""
    return COLOURS[index % len(COLOURS)]


def ticks(share: bool) -> str:
    """Return how an axis is labelled: Plotly's own are single digits on a logarithmic one, and 1µ for 0.000001."""
    return ".2~%" if share else ".3~g"


def value_axis(figure: "Figure", metric: str, logarithmic: bool) -> bool:
    """Label the axis of a metric's values, and tell whether they are shares."""
    share = any(part in metric for part in SHARES)
    figure.update_yaxes(type="log" if logarithmic else "linear", tickformat=ticks(share), nticks=6)
    return share


def whole_range(values: Sequence[float], share: bool) -> list[float] | None:
    """Return the range of an axis on which no line lies on the border, even where all values are the same.

    Args:
        values: What is drawn.
        share: Whether they are shares, which have a margin of 3 points at least.
    """
    least = 0.03 if share else 0.0
    if not len(values):
        return None
    low, high = min(values), max(values)
    pad = max(least, 0.05 * (high - low)) or 0.1 * abs(high) or 1.0
    if share and low >= 0 and high <= 1:  # no mark below 0 % or above 100 %, and the line clear of the border
        return [max(low - pad, -0.05 * (high + pad)), min(high + pad, 1 + 0.05 * (1 - low + pad))]
    return [low - pad, high + pad]


def styled(figure: "Figure", title: str = "", height_px: int = HEIGHT_PX, legend: bool = False) -> "Figure":
    """Give a figure the look that all of them share: quiet grid, title above, legend below."""
    figure.update_layout(
        title={"text": title, "x": 0, "xanchor": "left", "font": {"size": 14}} if title else None,
        height=height_px,
        margin={"l": 8, "r": 8, "t": 44 if title else 30, "b": 8},  # above: the title, and the tools at its right
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": QUIET, "activecolor": COLOURS[0]},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        showlegend=legend,
        legend={"orientation": "h", "y": -0.3, "yanchor": "top", "x": 0, "xanchor": "left", "font": {"size": 12}},
        hovermode="closest",
        hoverlabel={"namelength": -1},
        dragmode=False,
        uirevision="same",  # a rerun does not undo a zoom
        colorway=list(COLOURS),
    )
    figure.update_xaxes(gridcolor=GRID, zeroline=False, automargin=True, title_font={"size": 12})
    figure.update_yaxes(gridcolor=GRID, zeroline=False, automargin=True, title_font={"size": 12})
    return figure


def parallel(table: pd.DataFrame, target: str) -> "Figure":
    """Draw runs as lines across their parameters, coloured by a figure.

    Args:
        table: A row a run; columns of numbers or texts, the target among them.
        target: The column that gives the colour and stands last.
    """
    import plotly.graph_objects as go

    ordered = table[[*(name for name in table.columns if name != target), target]]
    figure = go.Figure(
        go.Parcoords(
            line={
                "color": ordered[target],
                "colorscale": [[0, "#e8743b"], [0.5, "#b9a27c"], [1, "#2f6fde"]],
                "showscale": False,
            },
            dimensions=[_axis(name, ordered[name]) for name in ordered.columns],
            labelside="top",
            labelfont={"size": 13},
            tickfont={"size": 12},
            rangefont={"size": 12},
        )
    )
    styled(figure, height_px=360)
    figure.update_layout(margin={"l": 60, "r": 60, "t": 60, "b": 24})
    return figure


def _axis(name: str, values: pd.Series) -> dict[str, object]:
    label = name.removeprefix("training.").removeprefix("options.")
    if pd.api.types.is_numeric_dtype(values):
        return {"label": label, "values": values}
    texts = sorted({str(value) for value in values})
    return {
        "label": label,
        "values": [texts.index(str(value)) for value in values],
        "tickvals": list(range(len(texts))),
        "ticktext": texts,
    }


def bars(table: pd.DataFrame, label: str, value: str, title: str = "") -> "Figure":
    """Draw counts as horizontal bars, the first on top."""
    import plotly.graph_objects as go

    figure = go.Figure(
        go.Bar(
            x=table[value], y=table[label].astype(str), orientation="h", marker={"color": COLOURS[0]},
            text=[f"{number:,}" if number == int(number) else f"{number:.2g}" for number in table[value]],
            textposition="outside", cliponaxis=False,
            hovertemplate="%{y}: %{x}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed", type="category")
    longest = float(table[value].max()) if len(table) else 1.0
    figure.update_xaxes(visible=False, range=[0, 1.15 * longest or 1.0])  # margin for the figures behind the bars
    figure.update_layout(bargap=0.35)
    styled(figure, title, (54 if title else 24) + 25 * max(2, len(table)))
    return figure.update_yaxes(showgrid=False)


def columns(table: pd.DataFrame, label: str, value: str, colour_by: str, title: str) -> "Figure":
    """Draw counts as upright bars, stacked by a third column."""
    import plotly.graph_objects as go

    figure = go.Figure()
    groups = list(dict.fromkeys(table[colour_by]))
    for index, group in enumerate(groups):
        points = table[table[colour_by] == group]
        figure.add_bar(
            x=points[label].astype(str), y=points[value], name=str(group), marker={"color": colour(index)},
            hovertemplate="%{x}: %{y:,}",
        )  # fmt: skip
    figure.update_layout(barmode="stack")
    figure.update_xaxes(type="category")
    return styled(figure, title, 280, legend=len(groups) > 1)
