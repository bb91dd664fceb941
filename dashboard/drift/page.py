"""Drift: is a served model still asked for the captchas that it was made for?"""

from datetime import datetime
from math import exp, log

import numpy as np
import pandas as pd
import streamlit as st

from captcha_core.errors import CaptchaError
from captcha_core.evaluation.drift import EDGES, ORDERED, Drift, Histograms, drift
from captcha_core.evaluation.live_log import LIVE, LiveLog, known_logs
from captcha_core.evaluation.significance import chance
from dashboard import pages, solvers
from dashboard.frame import chart, heading, nothing_yet, sentence_case
from dashboard.tracking import data
from dashboard.widgets import charts
from dashboard.widgets.text import count, markdown, share

MEANING = {
    "confidence": "how sure the answers are, in the middle",
    "ink": "how far the pixels stand out from the page, 0 to 128; of a clip its loudness in dB",
    "detail": "how much neighbouring pixels differ, 0 to 64; of a clip its hiss in dB",
    "size": "the commonest size",
    "length": "the commonest length of an answer",
}
SURE = (0.1, 0.5, 0.9, 0.99, 0.999)  # marks on the axis of confidence
LAST = {200: "the last 200", 1000: "the last 1,000", 10_000: "the last 10,000"}


def show() -> None:
    """Show what the server in this folder was asked for, beside the model's own test captchas."""
    heading("Drift", "Are the captchas that a server is asked for still like those that its model learnt?")
    data.tracking()
    logs = {f"{log.model} {f'version {log.version}' if log.version else '(a folder)'}": log for log in known_logs(LIVE)}
    if not logs:
        nothing_yet(
            "No server has kept anything in live/ yet.",
            "captchalab serve --model models:/captcha-mine@champion",
            "Serve a model from this folder; it keeps small histograms of what it is asked for, and no captcha.",
            lambda: pages.link("registry", "Choose a model to serve", ":material/inventory_2:"),
        )
        return
    log = logs[pages.choose("Model", list(logs), "model", "model", "drift-model")]
    last = st.segmented_control("Captchas", list(LAST), format_func=LAST.__getitem__, default=1000, required=True)
    period = log.last(int(last or 1000))
    if period is None:
        st.warning("Nothing in this file can be read; it is of another version.", icon=":material/broken_image:")
        return
    st.caption(f"{count(period.histograms.n, 'captcha')}, {_time(period.since)} to {_time(period.until)}.")
    reference = _reference(log)
    if reference is None:
        uri = f"models:/{log.model}/{log.version}" if log.version else "FOLDER"
        st.info("This model does not keep what its captchas looked like; give its data set:", icon=":material/help:")
        st.code(f"captchalab drift --model {uri} --data data/mine", language=None)
    else:
        _verdict(drift(reference, period.histograms))
    _histograms(period.histograms, reference)


def _time(text: str) -> str:
    """Return a moment as people write it, as it is where it is none."""
    try:
        return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M} UTC"
    except ValueError:
        return markdown(text)


def in_words(measure: str, value: str) -> str:
    """Return a value of a measure: a confidence, which is kept as log-odds, as per cent."""
    return share(1 / (1 + exp(-float(value))), 1) if measure == "confidence" else value


def _reference(log: LiveLog) -> Histograms | None:
    """Return what a registered version keeps of its own captchas."""
    if not log.version:
        return None
    try:
        return solvers.solver(f"models:/{log.model}/{log.version}").reference
    except CaptchaError:
        return None


def _verdict(found: Drift) -> None:
    if not found.shifts:
        st.info("Too few captchas to say anything.", icon=":material/hourglass_empty:")
        return
    if found.told():
        first = found.shifts[0]
        st.error(
            f"These are other captchas than those that the model learnt: {first.measure} went from "
            f"{markdown(in_words(first.measure, first.before))} to {markdown(in_words(first.measure, first.now))} "
            f"({chance(found.p_value)}). Look at some of them, label them on the page Label, and train again.",
            icon=":material/trending_up:",
        )
    else:
        st.success(
            "These look like the captchas that the model learnt: nothing has moved further than chance explains "
            f"({chance(found.p_value)}).",
            icon=":material/verified:",
        )
    rows = [
        {
            "measure": one.measure,
            "when it learnt": in_words(one.measure, one.before),
            "now": in_words(one.measure, one.now),
            "by chance": chance(one.p_value),
            "what it is": MEANING[one.measure],
        }
        for one in found.shifts
    ]
    table = pd.DataFrame(rows)
    st.dataframe(table, hide_index=True, column_config=sentence_case(table))


def _histograms(live: Histograms, reference: Histograms | None) -> None:
    sides = {"now": live, **({"when it learnt": reference} if reference else {})}
    for column, name in zip(st.columns(len(ORDERED)), ORDERED, strict=True):
        figure = charts.columns(shares(name, sides), name, "share", "captchas", name.capitalize())
        figure.update_layout(barmode="group")
        figure.update_yaxes(tickformat=".0%", title="share of the captchas")
        figure.update_xaxes(type="linear")
        if name == "confidence":
            marks = [log(sure / (1 - sure)) for sure in SURE]
            figure.update_xaxes(tickvals=marks, ticktext=[share(sure, 0) for sure in SURE])
        with column:
            chart(figure, f"drift-{name}")


def shares(name: str, sides: dict[str, Histograms]) -> pd.DataFrame:
    """Return the bins of a measure that hold anything, with the share of the captchas of each side."""
    together = np.sum([one.ordered[name] for one in sides.values()], axis=0)
    held = np.flatnonzero(together)
    span = range(int(held[0]), int(held[-1]) + 1) if len(held) else range(0)
    rows = [
        {name: round(float(EDGES[name][place]), 2), "share": one.ordered[name][place] / max(1, one.n), "captchas": side}
        for side, one in sides.items()
        for place in span
    ]
    return pd.DataFrame(rows, columns=[name, "share", "captchas"])
