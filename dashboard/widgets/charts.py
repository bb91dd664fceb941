"""Tables to Plotly figures. No Streamlit and no MLflow here."""

import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from captcha_core.tracking.names import Metric

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

COLOURS = ("#2f6fde", "#e8743b", "#159a80", "#b14fc5", "#c9930a", "#d6455d", "#5b7a99", "#6a9f1f")
GRID = "rgba(128, 128, 128, 0.18)"
QUIET = "rgba(128, 128, 128, 0.55)"
HEIGHT_PX = 270
METRIC_TITLES = {
    Metric.VAL_EXACT_MATCH: "Exact match (validation)",
    Metric.VAL_CHARACTER_ERROR_RATE: "Character error rate (validation)",
    "loss": "Loss",
    Metric.VAL_LOSS: "Loss (validation)",
    "learning_rate": "Learning rate",
}
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


def _ticks(share: bool) -> str:
    """Return how an axis is labelled: Plotly's own are single digits on a logarithmic one, and 1µ for 0.000001."""
    return ".2~%" if share else ".3~g"


def _value_axis(figure: "Figure", metric: str, logarithmic: bool) -> bool:
    """Label the axis of a metric's values, and tell whether they are shares."""
    share = any(part in metric for part in SHARES)
    figure.update_yaxes(type="log" if logarithmic else "linear", tickformat=_ticks(share), nticks=6)
    return share


def _whole(values: Sequence[float], share: bool) -> list[float] | None:
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
    share = _value_axis(figure, metric, logarithmic)
    if share and not logarithmic:
        values = [value for course in courses.values() for value in (*course["low"], *course["high"])]
        figure.update_yaxes(range=_whole(values, share))
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
    share = _value_axis(figure, metric, logarithmic)
    figure.update_xaxes(title="epoch" if against == "step" else "minutes")
    steps = max((int(history["step"].max()) for history in histories.values() if len(history)), default=0)
    if logarithmic_x:
        figure.update_xaxes(type="log", tickformat=_ticks(share=False))
    elif against == "step" and steps < 12:
        figure.update_xaxes(dtick=1, range=[-0.3, steps + 0.3])  # whole epochs, and no axis about a single dot
    if not logarithmic:
        points = [float(point) for one in figure.data for point in one.y if np.isfinite(point)]
        figure.update_yaxes(range=_whole(points, share))
    styled(figure, title_of(metric), legend=legend and len(histories) > 1)
    return figure.update_layout(hovermode="x unified") if len(histories) > 1 else figure


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
