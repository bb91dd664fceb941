"""What a run learnt and what it reads: curves, groups, confusion matrix, worst samples; part of its page."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from captcha_core.tracking.names import Artifact, Metric, Param
from dashboard import pages
from dashboard.compare import comparison
from dashboard.frame import chart, in_columns
from dashboard.mistakes import page as mistakes
from dashboard.tracking import data, gallery
from dashboard.tracking.records import RunRecord
from dashboard.widgets import accuracy_charts, clips, metric_curves
from dashboard.widgets.text import count

CURVES = (Metric.VAL_EXACT_MATCH, Metric.VAL_CHARACTER_ERROR_RATE, "loss", Metric.VAL_LOSS, "learning_rate")
WORST = 12


def known_curves(run: RunRecord) -> tuple[str, ...]:
    """Return the metrics that a run logged epoch by epoch."""
    return tuple(name for name in CURVES if name in run.metrics)


def curves(uri: str, run: RunRecord) -> None:
    """Show how the metrics of a run came about."""
    known = known_curves(run)
    if not known:
        st.info("This run has logged no curve yet: its first epoch is not over.", icon=":material/hourglass_empty:")
        return
    history = data.history(uri, run.id, known)
    shown = [(metric, {run.short: history}) for metric in known if metric not in ("loss", Metric.VAL_LOSS)]
    if "loss" in known:
        shown.insert(min(1, len(shown)), ("loss", metric_curves.both_losses(history)))
    for column, (metric, histories) in in_columns(2, shown):
        with column:
            chart(metric_curves.curves(histories, metric), f"curve-{metric}", _as_table(histories, metric))


def chart_of(histories: Mapping[str, pd.DataFrame], metric: str, title: str) -> None:
    """Show one metric against time."""
    figure = metric_curves.curves(histories, metric, "time").update_layout(title={"text": title})
    figure.update_yaxes(tickformat=",.3~r")  # thousands of megabytes in full
    chart(figure, f"course-{metric}", _as_table(histories, metric))


def _as_table(histories: Mapping[str, pd.DataFrame], metric: str) -> pd.DataFrame:
    return pd.concat([one[one["metric"] == metric].assign(run=name) for name, one in histories.items()])


def show(uri: str, run: RunRecord) -> None:
    """Show what it read of its test samples."""
    predictions = data.table(uri, run.id, Artifact.PREDICTIONS)
    left, right = st.columns(2, gap="medium")
    with left:
        _confusion(uri, run)
    with right:
        _groups(uri, run)
    _worst(uri, run, mistakes.wrong_ones(predictions))


def _groups(uri: str, run: RunRecord) -> None:
    for by, path in (("length", Artifact.BY_LENGTH), ("character", Artifact.BY_CHARACTER)):
        table = data.table(uri, run.id, path)
        if by == "length" and len(table) < 2:
            continue  # one length: the headline says it already
        chart(accuracy_charts.grouped({run.short: table}, by), f"by-{by}", table)


def _confusion(uri: str, run: RunRecord) -> None:
    table = data.table(uri, run.id, Artifact.CONFUSION)
    characters = comparison.characters_in([table])
    matrix = comparison.confusion_matrix(table, characters)
    chart(accuracy_charts.confusion(matrix, characters, "What is read in place of what is there"), "confusion", table)


def _worst(uri: str, run: RunRecord, wrong: pd.DataFrame) -> None:
    if wrong.empty:
        st.success("It read every test sample.", icon=":material/celebration:")
        return
    st.markdown(f"**The surest of {count(len(wrong), 'mistake')}**")
    shown = wrong.head(WORST).to_dict("records")
    media = gallery.media_of(uri, run.id, tuple(row["id"] for row in shown))
    media = gallery.with_worst(uri, run.id, shown, media)
    clips.mistakes(shown, media, run.params.get(Param.MEDIA) == "audio")
    pages.link("mistakes", "All mistakes", ":material/troubleshoot:", run=run.id)
