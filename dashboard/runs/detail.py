"""One run: its figures, curves, parameters, data, and the notes people keep on it."""

import time
from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from captcha_core.tracking.names import Metric, Tag
from dashboard import access, pages
from dashboard.runs import edits, table
from dashboard.tracking import data
from dashboard.tracking.records import RunRecord
from dashboard.widgets import charts, pictures
from dashboard.widgets.text import ago, count, duration, interval, markdown, share, size

CURVES = (Metric.VAL_EXACT_MATCH, Metric.VAL_CHARACTER_ERROR_RATE, "loss", Metric.VAL_LOSS, "learning_rate")
BADGES: dict[str, Any] = {"FINISHED": "green", "RUNNING": "blue", "FAILED": "red", "KILLED": "orange"}


def show(uri: str, run: RunRecord, brood: Sequence[RunRecord]) -> None:
    """Show a run below the table that it was chosen in."""
    _head(run)
    _figures(run)
    names = ["Curves", "Parameters", "Origin", "Notes and tags"] + (["Trials"] if brood else [])
    tabs = dict(zip(names, st.tabs(names), strict=True))
    with tabs["Curves"]:
        _curves(uri, run)
    with tabs["Parameters"]:
        _parameters(run)
    with tabs["Origin"]:
        _origin(uri, run)
    with tabs["Notes and tags"]:
        _notes(run)
    if brood:
        with tabs["Trials"]:
            frame = table.table(brood, (), [name for name in table.column_choices(brood)][:6], 1000 * time.time())
            st.dataframe(frame, hide_index=True)


def _head(run: RunRecord) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="run-head"):
        st.subheader(markdown(run.name), anchor=False, width="content")
        st.badge(table.STATES.get(run.state, run.state), color=BADGES.get(run.state, "gray"))
        st.caption(f"`{run.id}`", width="content")
    if run.reason:
        st.warning(f"It ended early: {markdown(run.reason)}", icon=":material/info:")


def _figures(run: RunRecord) -> None:
    metrics = run.metrics
    values = [
        (
            "Exact match",
            share(run.tested),
            interval(metrics.get(Metric.TEST_EXACT_MATCH_LOW), metrics.get(Metric.TEST_EXACT_MATCH_HIGH)),
        ),
        ("Best validation", share(run.best), ""),
        ("Character errors", share(metrics.get(Metric.TEST_CHARACTER_ERROR_RATE)), ""),
        (
            "Time a captcha",
            f"{metrics[Metric.TEST_LATENCY_P50_MS]:.2f} ms" if Metric.TEST_LATENCY_P50_MS in metrics else "–",
            "",
        ),
        ("Model file", size(metrics.get(Metric.TEST_MODEL_BYTES)), ""),
        ("Took", duration(run.seconds(1000 * time.time())), f"started {ago(run.start_ms)}"),
    ]
    st.html(pictures.facts(values))


def _curves(uri: str, run: RunRecord) -> None:
    known = tuple(name for name in CURVES if name in run.metrics)
    if not known:
        st.info("This run has logged no curve yet: its first epoch is not over.", icon=":material/hourglass_empty:")
        return
    history = data.history(uri, run.id, known)
    shown = [(metric, {run.short: history}) for metric in known if metric not in ("loss", Metric.VAL_LOSS)]
    if "loss" in known:
        shown.insert(min(1, len(shown)), ("loss", charts.both_losses(history)))
    for first in range(0, len(shown), 2):
        for column, (metric, histories) in zip(st.columns(2), shown[first : first + 2], strict=False):
            column.plotly_chart(charts.curves(histories, metric), key=f"curve-{metric}", config=charts.PLAIN)


def _parameters(run: RunRecord) -> None:
    if not run.params:
        st.caption("This run has logged no parameters.")
        return
    frame = pd.DataFrame(sorted(run.params.items()), columns=["parameter", "value"])
    st.dataframe(frame, hide_index=True, height="content")


def _origin(uri: str, run: RunRecord) -> None:
    for use in data.data_uses(uri, run.id):
        counts = ", ".join(f"{split} {number:,}" for split, number in use.counts.items())
        st.markdown(
            f"**{use.context.capitalize() or 'Data'}**: {markdown(use.name)} ({markdown(counts)}), "
            f"digest `{use.digest[:12]}`"
        )
    if run.registered:
        name, version = run.registered
        pages.link(
            "solve", f"Solve with {name} version {version}", ":material/pin_invoke:", model=f"models:/{name}/{version}"
        )
    facts = {
        "command": run.tags.get(Tag.COMMAND),
        "git commit": run.tags.get(Tag.GIT_COMMIT),
        "uncommitted changes": run.tags.get(Tag.GIT_DIRTY),
        "user": run.tags.get(Tag.USER),
        "host": run.tags.get(Tag.HOST),
    } | {key.removeprefix(Tag.VERSION): value for key, value in sorted(run.tags.items()) if key.startswith(Tag.VERSION)}
    frame = pd.DataFrame([(key, value) for key, value in facts.items() if value], columns=["fact", "value"])
    st.dataframe(frame, hide_index=True, height="content")


def _notes(run: RunRecord) -> None:
    with st.form(f"note-{run.id}", border=False):
        note = st.text_area("Note", run.note, max_chars=5000, placeholder="What was tried, what came of it")
        tags = st.data_editor(
            pd.DataFrame(sorted(run.own_tags.items()), columns=["tag", "value"], dtype="str"),
            num_rows="dynamic",
            hide_index=True,
            key=f"tags-{run.id}",
        )
        if st.form_submit_button("Keep", icon=":material/save:", disabled=not access.may_change()):
            wanted = edits.tags_of(zip(tags["tag"], tags["value"], strict=True))
            changed = edits.keep(run, note, wanted)
            st.toast(f"Kept {count(changed, 'change')}.", icon=":material/check:")
            if changed:
                st.rerun()
