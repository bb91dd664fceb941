"""The form that starts an assessment: part of the Strength page."""

from itertools import count
from pathlib import Path, PurePath

import streamlit as st

from dashboard import access, jobs
from dashboard.home import background
from dashboard.tracking import gallery

MINUTES = 60


def form() -> None:
    """Show the form, unless something runs already."""
    job = jobs.current()
    if job and job.running:
        st.caption("Something is running: its state is on Home. An assessment can be started when it has ended.")
        return
    choices = captchas()
    with st.form("assess", border=False):
        left, middle, right = st.columns([3, 2, 2], vertical_alignment="bottom")
        chosen = left.selectbox("Data set or scheme", list(choices), key="assess-what")
        minutes = middle.number_input("Minutes", 2, 6000, MINUTES, step=5, key="assess-minutes")
        pressed = right.form_submit_button(
            "Assess it", type="primary", icon=":material/play_arrow:", width="stretch", **access.for_changes()
        )
    st.caption(
        "Readers that need no label try first, then machines that learn from 25, 50, 100 and more labels, each three "
        "times. With fewer minutes fewer of them have their turn."
    )
    if pressed:
        background.begin(arguments(choices[chosen], int(minutes)))


def captchas() -> dict[str, str]:
    """Return what can be assessed: data sets in this folder, then schemes."""
    from captcha_core.sources.scheme_files import scheme_files
    from captcha_core.sources.schemes import SCHEMES

    names = [*SCHEMES, *scheme_files(Path(), SCHEMES)]
    return {f"data set {one.name}": one.as_posix() for one in gallery.folders()} | {name: name for name in names}


def arguments(what: str, minutes: int) -> tuple[str, ...]:
    """Return the command line of an assessment, whose report goes into a folder that is not there yet."""
    stem = f"assess-{PurePath(what).name}"
    folder = next(name for number in count(1) if not Path(name := stem if number == 1 else f"{stem}-{number}").exists())
    return ("assess", what, "--hours", f"{minutes / 60:.4g}", "--out", folder)
