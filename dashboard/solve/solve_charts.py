"""Figures of solving."""

from typing import TYPE_CHECKING

import pandas as pd

from dashboard.widgets.charts import COLOURS, QUIET, styled

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


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
    figure.add_vline(
        x=1,
        line={"color": QUIET, "dash": "dot"},
        annotation_text="as trained",
        annotation_font_size=11,
        annotation_position="bottom left",
    )
    figure.update_xaxes(title="difficulty", dtick=0.5)
    figure.update_yaxes(tickformat=".0%", range=[-0.02, 1.05])
    return styled(figure, "Where the model breaks", 280)
