"""Runs: search, sort, open one, take two or more to the comparison."""

import time
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from captcha_core.tracking.names import Metric, Param, Tag
from dashboard import pages
from dashboard.frame import csv_button, heading, nothing_yet
from dashboard.home import background
from dashboard.runs import table
from dashboard.tracking import data
from dashboard.tracking.records import RunRecord
from dashboard.widgets.text import count, markdown, plain, share

CHOSEN = "run"  # parameter of the address


def show() -> None:
    """Show the runs, and the way to those that are ticked."""
    uri = data.tracking()
    everything = data.runs(uri)
    heading("Runs", _summary(everything))
    if not everything:
        nothing_yet(
            "There is no run yet.", "captchalab pipeline --preset digits4", "A first model takes minutes.",
            background.first_model,
        )  # fmt: skip
        return
    found = _search(uri, everything)
    _best(found)
    asked = pages.ids_in_address(CHOSEN)
    picked = _pick(found, everything, asked)
    pages.write_to_address(CHOSEN, [run.id for run in picked])
    gone = [one for one in asked if one not in {run.id for run in everything}]
    if gone and not picked:
        pages.warn_of_missing(gone)
    if not picked:
        st.caption("Click a name to open a run; tick two or more to compare them.")


def _best(found: Sequence[RunRecord]) -> None:
    tested = [run for run in found if run.tested is not None]
    if tested:
        best = max(tested, key=lambda run: run.tested or 0.0)
        words = f"Best: {best.short}, {share(best.tested, n=best.tested_n)} of {best.tested_n or 0:,.0f} read"
        pages.link("run", markdown(words), ":material/trophy:", run=best.id)


def _summary(runs: Sequence[RunRecord]) -> str:
    running = sum(run.running for run in runs)
    more = f", {running} of them running" if running else ""
    return f"{count(len(runs), 'run')}{more}" if runs else ""


def _search(uri: str, everything: Sequence[RunRecord]) -> list[RunRecord]:
    words, states, menu = st.columns([5.2, 4.2, 1.7], vertical_alignment="center")
    text = words.text_input(
        "Search",
        key="q",
        bind="query-params",
        placeholder=f"words, or metrics.{Metric.TEST_EXACT_MATCH} > 0.97",
        label_visibility="collapsed",
        icon=":material/search:",
    )
    present = [state for state in table.STATES if any(run.state == state for run in everything)]
    chosen = states.pills(
        "State",
        present,
        selection_mode="multi",
        format_func=lambda state: table.STATES[state],
        key="state",
        label_visibility="collapsed",
        bind="query-params",
    )
    with menu.popover("View", icon=":material/view_column:", width="stretch"):
        choices = table.column_choices(everything)
        st.multiselect(
            "More columns", choices, key="columns", bind="query-params", placeholder="parameters, tags and metrics"
        )
        st.multiselect(
            "Pinned columns", _pinnable(), default=["run"], key="pinned", bind="query-params",
            placeholder="stay in view on the left",
        )  # fmt: skip
        st.toggle("Fold children under their parents", value=True, key="fold", bind="query-params")
        st.markdown(
            "**Search.** Words are looked for in names, ids, notes, tags and parameters. A filter is written as in "
            f"MLflow: `metrics.loss < 0.1`, `` params.`{Param.NETWORK}` = 'image_ctc' ``, `tags.{Tag.USER} LIKE 'a%'`, "
            "`status = 'FINISHED'`."
        )
        st.caption("A click on a column's head sorts; the eye above the table hides columns. The link holds the rest.")
    runs = list(everything)
    if table.is_filter(text or ""):
        try:
            known = data.matching(uri, text)
            runs = [run for run in runs if run.id in known]
        except data.Missing as error:
            st.warning(
                f"MLflow does not understand this filter. {markdown(plain(error))}", icon=":material/filter_alt_off:"
            )
    else:
        runs = table.with_words(runs, text or "")
    runs = table.in_states(runs, chosen)
    return table.folded(runs) if st.session_state.get("fold", True) else runs


def _pick(found: Sequence[RunRecord], everything: Sequence[RunRecord], asked: Sequence[str]) -> list[RunRecord]:
    """Show the table and return the runs that are ticked in it."""
    if not found:
        st.info("No run fits this search. Use fewer words, or clear the states.", icon=":material/search_off:")
        return [run for run in everything if run.id in asked]
    frame = table.table(found, everything, st.session_state.get("columns", []), 1000 * time.time())
    frame["run"] = [f"{pages.address('run', run=run.id)}#{run.short}" for run in found]
    rows = [index for index, run in enumerate(found) if run.id in asked]
    largest = max((run.tested_n or 0 for run in found), default=0) or None
    # The key changes with the rows: a tick belongs to a run, never to the place where that run happened to stand.
    event = st.dataframe(
        frame,
        key=f"runs-{hash(tuple(run.id for run in found))}",
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": rows}},
        height=min(38 + 35 * len(frame), 430),
        column_config=table.columns(frame, _pinned(frame), largest),
        placeholder="",  # a run that read nothing has an empty cell
        alt="Runs with their exact match",
    )
    picked = [found[row] for row in event["selection"]["rows"] if row < len(found)]
    below, right = st.columns([4, 1], vertical_alignment="center")
    with below, st.container(horizontal=True):
        if len(picked) > 1:
            ids = ",".join(run.id for run in picked)
            pages.link("compare", f"Compare these {len(picked)} runs", ":material/compare_arrows:", runs=ids)
        for run in picked[:3]:
            pages.link("run", f"Open {run.short}", ":material/open_in_full:", run=run.id)
    csv_button(frame.drop(columns="run").assign(run=[run.short for run in found]), "runs.csv", right, width="stretch")
    return picked


def _pinnable() -> list[str]:
    return [*table.COLUMNS, *st.session_state.get("columns", [])]


def _pinned(frame: pd.DataFrame) -> list[str]:
    names = (table.shown(name) for name in st.session_state.get("pinned", []))
    return [name for name in names if name in frame.columns]
