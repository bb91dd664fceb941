"""One run: its figures, curves, parameters, data, and the notes and tags that people give it."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from captcha_core.errors import CaptchaError
from captcha_core.tracking.connect import client
from captcha_core.tracking.names import Metric, Tag
from dashboard import access, pages
from dashboard.frame import in_columns
from dashboard.runs import table
from dashboard.tracking import data
from dashboard.tracking.records import NOTE, OURS, RunRecord
from dashboard.widgets import charts, pictures
from dashboard.widgets.text import ago, count, duration, interval, markdown, share, size

CURVES = (Metric.VAL_EXACT_MATCH, Metric.VAL_CHARACTER_ERROR_RATE, "loss", Metric.VAL_LOSS, "learning_rate")
BADGES: dict[str, Any] = {"FINISHED": "green", "RUNNING": "blue", "FAILED": "red", "KILLED": "orange"}


def show(uri: str, run: RunRecord, trials: Sequence[RunRecord]) -> None:
    """Show a run below the table that it was chosen in."""
    _head(run)
    _figures(run)
    names = ["Curves", "Parameters", "Origin", "Notes and tags"] + (["Trials"] if trials else [])
    tabs = dict(zip(names, st.tabs(names), strict=True))
    with tabs["Curves"]:
        _curves(uri, run)
    with tabs["Parameters"]:
        _parameters(run)
    with tabs["Origin"]:
        _origin(uri, run)
    with tabs["Notes and tags"]:
        _notes(run)
    if trials:
        with tabs["Trials"]:
            frame = table.table(trials, (), [name for name in table.column_choices(trials)][:6], 1000 * time.time())
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
        ("Duration", duration(run.seconds(1000 * time.time())), f"started {ago(run.start_ms)}"),
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
    for column, (metric, histories) in in_columns(2, shown):
        column.plotly_chart(charts.curves(histories, metric), key=f"curve-{metric}", config=charts.PLAIN)


def _parameters(run: RunRecord) -> None:
    if not run.params:
        st.caption("This run has logged no parameters.")
        return
    frame = pd.DataFrame(sorted(run.params.items()), columns=["Parameter", "Value"])
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
    frame = pd.DataFrame([(key, value) for key, value in facts.items() if value], columns=["Fact", "Value"])
    st.dataframe(frame, hide_index=True, height="content")


def _notes(run: RunRecord) -> None:
    with st.form(f"note-{run.id}", border=False):
        note = st.text_area("Note", run.note, max_chars=5000, placeholder="What was tried, what came of it")
        tags = st.data_editor(
            pd.DataFrame(sorted(run.own_tags.items()), columns=["tag", "value"], dtype="str"),
            num_rows="dynamic",
            hide_index=True,
            key=f"tags-{run.id}",
            column_config={"tag": "Tag", "value": "Value"},
        )
        if st.form_submit_button("Save", icon=":material/save:", **access.for_changes()):
            wanted = tags_of(zip(tags["tag"], tags["value"], strict=True))
            changed = save_edits(run, note, wanted)
            st.toast(f"Saved {count(changed, 'change')}.", icon=":material/check:")
            if changed:
                st.rerun()


def tags_of(rows: Iterable[tuple[Any, Any]]) -> dict[str, str]:
    """Return the tags that an edited table holds.

    Raises:
        CaptchaError: If a name is one that programs write, or stands there twice.
    """
    tags: dict[str, str] = {}
    for name, value in rows:
        key = "" if pd.isna(name) else str(name).strip()
        if not key:
            continue
        if key.startswith(OURS):
            raise CaptchaError(f"expected a tag of your own, received {key!r}; names that begin so are the programs'.")
        if key in tags:
            raise CaptchaError(f"expected each tag once, received {key!r} twice; remove one of them.")
        tags[key[:250]] = str("" if pd.isna(value) else value)[:5000]
    return tags


def save_edits(run: RunRecord, note: str, tags: Mapping[str, str]) -> int:
    """Write what differs from the run, and return how many things did.

    Raises:
        CaptchaError: If the run is gone or MLflow does not answer.
    """
    changes = {key: value for key, value in tags.items() if run.own_tags.get(key) != value}
    if note != run.note:
        changes[NOTE] = note
    gone = [key for key in run.own_tags if key not in tags]
    try:
        api = client()
        for key, value in changes.items():
            api.set_tag(run.id, key, value)
        for key in gone:
            api.delete_tag(run.id, key)
    except CaptchaError:
        raise
    except Exception as error:
        raise data.MlflowUnavailable(f"expected to change the run {run.id[:8]}, received: {str(error)[:300]}") from None
    finally:
        data.forget()
    return len(changes) + len(gone)
