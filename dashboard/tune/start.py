"""The form that starts a search: part of the Tune page."""

import streamlit as st

from dashboard.home import background

TUNERS = {
    "bayesian": "Bayesian: learns from the trials before",
    "random": "Random: any setting, as likely as another",
    "hyperband": "Hyperband: many short trials, the best go on",
    "grid": "Grid: every combination in turn",
}


def form() -> None:
    """Show the form, unless something runs already."""
    if not background.can_start("A search"):
        return
    sources = background.sources()
    with st.form("search", border=False):
        left, right = st.columns(2)
        source = left.selectbox("Preset or data set", list(sources), key="search-source")
        tuner = right.selectbox("Tuner", list(TUNERS), format_func=TUNERS.__getitem__, key="search-tuner")
        left, middle, right = st.columns([2, 2, 2], vertical_alignment="bottom")
        trials = left.number_input("Trials", 1, 1000, 12, key="search-trials")
        minutes = middle.number_input("Minutes a trial", 0.1, 600.0, 1.0, step=1.0, format="%g", key="search-minutes")
        pressed = background.submit("Start search", right)
    if pressed:
        background.begin(arguments(sources[source], tuner, int(trials), float(minutes)))


def arguments(source: tuple[str, str], tuner: str, trials: int, minutes: float) -> tuple[str, ...]:
    """Return the command line of a search. The winner is not trained again on the full budget: that is another step."""
    budget = ("--trials", str(trials), "--minutes", f"{minutes:g}", "--repeats", "0")
    return ("tune", *source, "--tuner", tuner, *budget)
