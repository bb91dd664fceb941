"""Assessments that MLflow holds, as tables and figures: what the Strength page shows, without the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from captcha_core.assessment.report import HTML
from captcha_core.files import read_json
from captcha_core.tracking.names import Artifact, Kind, Metric
from dashboard.tracking import data
from dashboard.tracking.records import RunRecord
from dashboard.widgets import charts
from dashboard.widgets.text import NOTHING, interval, share

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

ALMOST = 0.999
REPORT = f"{Artifact.ASSESSMENT}/{HTML}"


@dataclass(frozen=True)
class Assessed:
    """An assessment: its run, and what its report says."""

    run: RunRecord
    found: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The captcha's name, told apart from other assessments of it."""
        return f"{self.found['name']} {self.run.id[:6]}"


def assessments(uri: str) -> list[Assessed]:
    """Return the assessments whose report can be read, newest first."""
    found = []
    for run in data.runs(uri):
        if run.kind == Kind.ASSESS and Metric.STRONGEST in run.metrics:
            try:
                found.append(Assessed(run, _report(data.artifact(uri, run.id, Artifact.ASSESSMENT_JSON))))
            except data.Missing:
                continue
    return found


def _report(path: Path) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = read_json(path)
        return {"name": str(found["name"]), "attackers": list(found["attackers"]), **found}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise data.Missing(f"expected the report of an assessment in {path.name}, received {error}.") from None


def overview(found: Sequence[Assessed]) -> pd.DataFrame:
    """Return a row for each assessment."""
    return pd.DataFrame(
        [
            {
                "captcha": one.name,
                "verdict": one.found["verdict"]["grade"],
                "strongest reads": one.run.metrics[Metric.STRONGEST],
                "from": one.run.metrics.get(Metric.STRONGEST_LOW),
                "to": one.run.metrics.get(Metric.STRONGEST_HIGH),
                "who breaks it": one.found["verdict"]["who"],
            }
            for one in found
        ]
    )


def by_labels(found: Sequence[Assessed]) -> "Figure":
    """Draw exact match against labels, a line for each assessment."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for index, one in enumerate(found):
        rows = [row for row in one.found["attackers"] if row["kind"] == "labels"]
        figure.add_scatter(
            x=[row["labels"] for row in rows], y=[row["exact_match"]["value"] for row in rows], name=one.name,
            mode="lines+markers", line={"color": charts.colour(index), "width": 2.2},
            customdata=[row["exact_match"]["n"] for row in rows],
            hovertemplate="%{x:,} labels: %{y:.1%} of %{customdata:,}",
        )  # fmt: skip
    sizes = sorted({row["labels"] for one in found for row in one.found["attackers"] if row["kind"] == "labels"})
    figure.update_xaxes(type="log", title="labels", tickvals=sizes, ticktext=[f"{size:,}" for size in sizes])
    figure.update_yaxes(tickformat=".0%", range=[-0.02, 1.05])
    return charts.styled(figure, "Exact match against labels", legend=len(found) > 1)


def by_knob(one: Assessed) -> "Figure":
    """Draw what each level of each knob does: the fixed reader and the retrained one."""
    import plotly.graph_objects as go

    rows = [row for row in one.found.get("knobs", []) if not row["is_base"] and not row["reason"]]
    names = [f"{row['label']}: {row['level']}" for row in rows]
    again = [(name, row["retrained"]["value"]) for name, row in zip(names, rows, strict=True) if row["retrained"]]
    figure = go.Figure()
    figure.add_scatter(
        x=[row["fixed"]["value"] for row in rows], y=names, mode="markers", name="fixed reader",
        marker={"symbol": "circle-open", "size": 9, "color": charts.colour(1)}, hovertemplate="%{x:.1%}",
    )  # fmt: skip
    figure.add_scatter(
        x=[value for _, value in again], y=[name for name, _ in again], mode="markers", name="retrained",
        marker={"size": 9, "color": charts.colour(0)}, hovertemplate="%{x:.1%}",
    )  # fmt: skip
    figure.update_xaxes(tickformat=".0%", range=[-0.02, 1.05], title="exact match")
    figure.update_yaxes(autorange="reversed", type="category")
    return charts.styled(figure, "What each setting does", 110 + 19 * len(rows), legend=True)


def refreshing(one: Assessed) -> pd.DataFrame:
    """Return what each attacker reads, and gets who may try again, or waits until he is sure; shares as words."""
    return pd.DataFrame(
        [
            {
                "attacker": row["attacker"],
                "exact match": _read(row["exact_match"]),
                **{
                    f"within {tries} tries": _most(value)
                    for tries, value in row["within_tries"].items()
                    if tries != "1"
                },
                "answers when sure": _most(row["sure"]["answered"]["value"]) if row["sure"] else NOTHING,
                "then right": _read(row["sure"]["right"]) if row["sure"] else NOTHING,
            }
            for row in one.found["attackers"]
        ]
    )


def _read(found: Mapping[str, Any]) -> str:
    return f"{share(found['value'], 1)} ({interval(found['low'], found['high'])}, n = {found['n']:,})"


def _most(value: float) -> str:
    """Return a share that is no more exact than what it was worked out from."""
    return "over 99.9%" if ALMOST < value < 1 else share(value, 1)
