"""Drift: is a served model still asked for the captchas that it was made for?"""

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
from dashboard.widgets.text import count, markdown

LAST = {200: "the last 200", 1000: "the last 1,000", 10_000: "the last 10,000"}


def show() -> None:
    """Show what the server in this folder was asked for, beside the model's own test captchas."""
    heading("Drift", "Whether live captchas are still those of the training: histograms that captchalab serve keeps.")
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
    st.caption(f"{count(period.histograms.n, 'captcha')} from {markdown(period.since)} to {markdown(period.until)}.")
    reference = _reference(log)
    if reference is None:
        uri = f"models:/{log.model}/{log.version}" if log.version else "FOLDER"
        st.info("This model does not keep what its captchas looked like; give its data set:", icon=":material/help:")
        st.code(f"captchalab drift --model {uri} --data data/mine", language=None)
    else:
        _verdict(drift(reference, period.histograms))
    _histograms(period.histograms, reference)


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
            f"These are other captchas than those of the training ({chance(found.p_value)}): {first.measure} went from "
            f"{markdown(first.before)} to {markdown(first.now)}.",
            icon=":material/trending_up:",
        )
    else:
        st.success(f"Nothing says that these are others ({chance(found.p_value)}).", icon=":material/verified:")
    rows = [
        {
            "measure": one.measure,
            "p": chance(one.p_value),
            "training": one.before,
            "live": one.now,
            "moved": one.distance,
        }
        for one in found.shifts
    ]
    table = pd.DataFrame(rows)
    st.dataframe(table, hide_index=True, column_config=sentence_case(table))


def _histograms(live: Histograms, reference: Histograms | None) -> None:
    sides = {"live": live, **({"training": reference} if reference else {})}
    for column, name in zip(st.columns(len(ORDERED)), ORDERED, strict=True):
        figure = charts.columns(shares(name, sides), name, "share", "captchas", name.capitalize())
        figure.update_layout(barmode="group")
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
