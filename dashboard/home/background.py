"""Start a training from a page, watch it, stop it: part of the home page."""

import time
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from captcha_core.errors import CaptchaError
from captcha_core.tracking.names import Tag
from dashboard import access, jobs
from dashboard.home import tasks
from dashboard.tracking import data
from dashboard.tracking.records import RunRecord
from dashboard.widgets.text import duration, markdown, share

DEMO, DEMO_MINUTES = "digits4", 2.0


def start_form() -> None:
    """Show the form that starts a training, unless one is running."""
    from captcha_core.presets.preset import preset_names
    from captcha_core.sources.scheme_files import scheme_files
    from captcha_core.sources.schemes import SCHEMES

    job = jobs.current()
    if job and job.running:
        return
    names = [*preset_names(), *scheme_files(Path(), SCHEMES)]
    with st.form("training", border=False):
        left, middle, right = st.columns([3, 2, 2], vertical_alignment="bottom")
        preset = left.selectbox("Preset", names, names.index(DEMO) if DEMO in names else 0)
        minutes = middle.number_input("Minutes", 0.1, 600.0, DEMO_MINUTES, step=0.5, format="%.1f")
        pressed = right.form_submit_button(
            "Start training",
            type="primary",
            icon=":material/play_arrow:",
            width="stretch",
            **access.for_changes(),
        )
    if pressed:
        try:
            jobs.start(("pipeline", "--preset", preset, "--minutes", f"{minutes:g}"))
        except CaptchaError as error:
            st.error(markdown(error))
            return
        st.rerun()


def follow(changed: Callable[[], bool] = lambda: False) -> None:
    """Show what runs in the background, refreshed every two seconds.

    Args:
        changed: Whether the rest of the page is out of date. The whole page is shown again then, and when the job ends.
    """
    job = jobs.current()
    if job is None or not job.running:
        _status()
        return

    @st.fragment(run_every="2s")
    def live() -> None:
        now = jobs.current()
        if now is None or not now.running or changed():
            st.rerun()
        _status()

    live()


def _status() -> None:
    """Show how the training in the background is doing, if there is one."""
    job = jobs.current()
    if job is None:
        return
    if job.running:
        _running(job)
    elif job.code == 0:
        last = jobs.last_lines(1)
        st.success(markdown(last[0] if last else f"{job.command} is done"), icon=":material/check_circle:")
        _dismiss()
    else:
        _ended(job)


def _running(job: jobs.Job) -> None:
    run = _run_of(job)
    now_ms = 1000 * time.time()
    for_long = duration((now_ms - job.started_ms) / 1000)
    if run is None:
        used, words = 0.0, f"{'getting ready' if job.arguments[0] == 'pipeline' else 'at work'}, for {for_long}"
    else:
        used = tasks.progress(run, now_ms) or 0.0
        best = f", best exact match {share(run.best)}" if run.best is not None else ", first epoch"
        words = f"training{best}" if used < 1 else "reading fresh captchas, registering the model"
    left, right = st.columns([5, 1], vertical_alignment="center")
    left.progress(used, f"**{markdown(job.command)}**: {markdown(words)}")
    if right.button(
        "Stop", key="stop-job", icon=":material/stop:", width="stretch", disabled=job.stopped or not access.may_change()
    ):
        jobs.stop()
        st.rerun()


def _run_of(job: jobs.Job) -> RunRecord | None:
    started = [run for run in data.runs(data.tracking()) if run.tags.get(Tag.PID) == str(job.pid)]
    return next((run for run in started if run.start_ms >= job.started_ms), None)


def _ended(job: jobs.Job) -> None:
    if job.stopped:
        st.info(f"{markdown(job.command)} was stopped.", icon=":material/stop_circle:")
    else:
        st.error(f"{markdown(job.command)} failed.", icon=":material/error:")
        st.code("\n".join(jobs.last_lines()) or "It wrote nothing.", language=None)
    _dismiss()


def _dismiss() -> None:
    if st.button("Dismiss", key="dismiss-job", icon=":material/close:"):
        jobs.forget()
        data.forget()
        st.rerun()
