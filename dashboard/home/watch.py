"""A training while it runs: how far it is, its curve as it grows, and what it reads of a few captchas so far."""

import time

import streamlit as st

from captcha_core.tracking.names import Kind, Metric
from captcha_core.tracking.readings import Reading, read_readings
from dashboard.frame import chart
from dashboard.home import tasks
from dashboard.tracking import data
from dashboard.tracking.records import RunRecord
from dashboard.widgets import metric_curves, pictures
from dashboard.widgets.text import duration, share


def learns(run: RunRecord) -> bool:
    """Return whether a run is one training, with epochs and a curve: a search, an audit and an assessment are not."""
    return run.kind not in (Kind.SEARCH, Kind.AUDIT, Kind.ASSESS, Kind.SWEEP, Kind.LEAGUE, Kind.GENERATE)


def state_of(run: RunRecord, now_ms: float, words: str = "") -> tuple[float | None, str]:
    """Return which share of its budget a run has used, and where it stands; ``words`` say so where none learns."""
    used = tasks.progress(run, now_ms)
    if not learns(run):
        left = tasks.time_left_s(run, now_ms)
        return used, words if left is None else f"{words} · {duration(left)} left"
    if used is not None and used >= 1:
        return used, "reading fresh captchas and registering the model"
    best = f"best exact match {share(run.best, n=run.validated_n)}" if run.best is not None else "first epoch"
    left = tasks.time_left_s(run, now_ms)
    return used, best if left is None else f"{best} · {duration(left)} left"


def show(uri: str, run: RunRecord) -> None:
    """Show the curve and the captchas of a training; nothing before its first epoch is over."""
    if Metric.VAL_EXACT_MATCH not in run.metrics:
        st.caption("The curve begins when the first epoch is over.")
        return
    history = data.history(uri, run.id, (Metric.VAL_EXACT_MATCH,))
    epoch, readings = read_readings(run.id)
    left, right = st.columns([1, 1], gap="large") if readings else (st.container(), None)
    with left:
        figure = metric_curves.curves({run.short: history}, Metric.VAL_EXACT_MATCH, "time")
        chart(figure, f"growing-{run.id}", history)
    if right is not None:
        with right:
            st.markdown(f"**What it reads after {'one epoch' if epoch == 1 else f'{epoch} epochs'}**")
            st.html(pictures.gallery([_card(one) for one in readings], "cl-small"))


def _card(reading: Reading) -> str:
    return pictures.mistake_card(reading.png, reading.text, reading.read, None, "", without="")


def progress_bar(run: RunRecord | None, title: str, words: str) -> None:
    """Show a bar with what runs and where it stands."""
    used, state = state_of(run, 1000 * time.time(), words) if run else (0.0, words)
    st.progress(used or 0.0, f"**{title}** · {state}")
