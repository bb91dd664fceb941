"""Figures of solving: a clip over time, and exact match over difficulty."""

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from dashboard.charts import COLOURS, QUIET, styled

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def spectrogram(picture: str, seconds: float, characters: Sequence[tuple[str, float, float]]) -> "Figure":
    """Draw a clip over time with what was read where.

    Args:
        picture: Address of the spectrogram's picture.
        seconds: Length of the clip.
        characters: Each with its start and end in seconds.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    figure.add_layout_image(
        source=picture, xref="x", yref="y", x=0, y=1, sizex=seconds, sizey=1, sizing="stretch", layer="below"
    )
    for character, start, end in characters:
        middle = (start + end) / 2
        figure.add_vline(x=middle, line={"color": "rgba(255,255,255,0.55)", "width": 1, "dash": "dot"})
        figure.add_annotation(
            x=middle, y=1.0, yanchor="bottom", text=f"<b>{html.escape(character)}</b>", showarrow=False,
            font={"size": 18},
        )  # fmt: skip
    figure.update_xaxes(range=[0, seconds], title="seconds", showgrid=False)
    figure.update_yaxes(range=[0, 1], visible=False)
    styled(figure, height_px=240)
    return figure.update_layout(margin={"l": 8, "r": 8, "t": 34, "b": 8})


def breaking_point(table: pd.DataFrame) -> "Figure":
    """Draw exact match over difficulty: ``difficulty``, ``exact_match``, ``low``, ``high``, ``n``."""
    import plotly.graph_objects as go

    figure = go.Figure(
        go.Scatter(
            x=table["difficulty"], y=table["exact_match"], mode="lines+markers", customdata=table["n"],
            line={"color": COLOURS[0], "width": 2.2}, marker={"size": 9},
            error_y={
                "array": table["high"] - table["exact_match"], "arrayminus": table["exact_match"] - table["low"],
                "thickness": 1.4, "width": 4,
            },
            hovertemplate="%{y:.1%} of %{customdata:,}<extra></extra>",
        )
    )  # fmt: skip
    figure.add_vline(x=1, line={"color": QUIET, "dash": "dot"}, annotation_text="as trained", annotation_font_size=11)
    figure.update_xaxes(title="difficulty", dtick=0.5)
    figure.update_yaxes(tickformat=".0%", range=[-0.02, 1.05])
    return styled(figure, "Where the model breaks", 280)
