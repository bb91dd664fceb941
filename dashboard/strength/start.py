"""The form that starts an assessment: part of the Strength page."""

from itertools import count
from pathlib import Path, PurePath

import streamlit as st

from dashboard.home import background
from dashboard.tracking import gallery

MINUTES, LEAST_MINUTES = 60.0, 2.0


def form() -> None:
    """Show the form, unless something runs already."""
    if not background.can_start("An assessment"):
        return
    chosen = background.minutes_form("assess", "Data set or scheme", captchas(), MINUTES, "Assess it", LEAST_MINUTES)
    st.caption(
        "Readers that need no label try first, then machines that learn from 25, 50, 100 and more labels, each three "
        "times. With fewer minutes fewer of them have their turn."
    )
    if chosen:
        background.begin(arguments(*chosen))


def captchas() -> dict[str, str]:
    """Return what can be assessed: data sets in this folder, then schemes."""
    from captcha_core.sources.scheme_files import scheme_files
    from captcha_core.sources.schemes import SCHEMES

    names = [*SCHEMES, *scheme_files(Path(), SCHEMES)]
    return {f"data set {one.name}": one.as_posix() for one in gallery.folders()} | {name: name for name in names}


def arguments(what: str, minutes: float) -> tuple[str, ...]:
    """Return the command line of an assessment, whose report goes into a folder that is not there yet."""
    stem = f"assess-{PurePath(what).name}"
    folder = next(name for number in count(1) if not Path(name := stem if number == 1 else f"{stem}-{number}").exists())
    return ("assess", what, "--hours", f"{minutes / 60:.4g}", "--out", folder)
