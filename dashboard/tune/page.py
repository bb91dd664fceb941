"""Tune: a search while it runs and afterwards: history, what mattered, what it cost, what failed."""

import time
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from captcha_core.tracking.names import Param
from dashboard import jobs, pages
from dashboard.frame import chart, guarded, heading, in_columns, nothing_yet, sentence_case, stop_button
from dashboard.home import background
from dashboard.runs import table as run_table
from dashboard.tracking import data
from dashboard.tracking.records import RunRecord
from dashboard.tune import search_charts, searches, start
from dashboard.tune.searches import SCORE, Search
from dashboard.widgets import charts, pictures
from dashboard.widgets.text import ago, count, duration, markdown, share

SLICES = 6


def show() -> None:
    """Show the search that the address names."""
    uri = data.tracking()
    heading("Tune", "A search and its trials: the best so far, which settings mattered, and what accuracy costs.")
    found = searches.searches(data.runs(uri))
    if _begins(found):
        background.follow(lambda: not _begins(searches.searches(data.runs(uri))))
    elif not found:
        nothing_yet(
            "No search has run yet.", "captchalab tune --preset digits4 --tuner bayesian --trials 12",
            "It tries settings and shows which ones matter.", start.form,
        )  # fmt: skip
    if not found:
        return
    with st.expander("Start another search"):
        start.form()
    chosen = _choose(found)
    if not chosen.run.running:
        _search(chosen)
        return

    @st.fragment(run_every="5s")
    def live() -> None:
        with guarded():
            fresh = {search.run.id: search for search in searches.searches(data.runs(uri))}
            _search(fresh.get(chosen.run.id, chosen))

    live()


def _begins(found: Sequence[Search]) -> bool:
    """Return whether a search was started on a page and is not there yet: its first trial makes it one."""
    job = jobs.current()
    started = job is not None and job.running and job.arguments[0] == "tune"
    return started and not any(search.run.running for search in found)


def _choose(found: Sequence[Search]) -> Search:
    by_id = {search.run.id: search for search in found}

    def label(run_id: str) -> str:
        run = by_id[run_id].run
        return f"{run.short} · {count(len(by_id[run_id].trials), 'trial')} · {ago(run.start_ms)}"

    return by_id[pages.choose("Search", list(by_id), "search", "search", "searched", label)]


def _search(search: Search) -> None:
    best = search.best
    done = sum(not trial.running for trial in search.trials)
    going = sum(trial.running for trial in search.trials)
    st.html(
        pictures.facts(
            [
                (f"Best {search.title}", _score(search, best), best.short if best else ""),
                ("Trials", f"{done:,} of {search.wanted:,}", f"{len(search.failed)} failed or stopped"),
                ("Running", f"{going}", run_table.STATES.get(search.run.state, search.run.state).lower()),
                ("Duration", duration(search.run.seconds(1000 * time.time())), f"started {ago(search.run.start_ms)}"),
                *([("Tuner", search.run.params[Param.TUNER], "")] if Param.TUNER in search.run.params else []),
            ]
        )
    )
    if search.run.running:
        left, right = st.columns([6, 1], vertical_alignment="center")
        left.progress(min(1.0, done / max(1, search.wanted)))
        with right:
            stop_button(search.run.tags, "stop-search", width="stretch")
    if search.run.reason:
        st.warning(f"It ended early: {markdown(search.run.reason)}", icon=":material/info:")
    history = searches.history(search)
    if history.empty:
        st.info("No trial has finished an epoch yet.", icon=":material/hourglass_empty:")
    else:
        chart(search_charts.search_history(history, search.title), "history", history)
        if best:
            _links(search, best)
        _decision(search)
        _cost(search)
        _mattered(search)
    _failed(search)


def _score(search: Search, trial: RunRecord | None) -> str:
    value = search.score(trial) if trial else None
    n = trial.validated_n if trial else None
    return share(value, n=n) if value is None or search.is_share else f"{value:.4g}"


def _decision(search: Search) -> None:
    """Show whether the best setting beats the default, each trained on the full budget."""
    table = searches.decision(search)
    if table.empty and not search.verdict:
        return
    st.subheader("Against the default, on the full budget", anchor=False)
    if search.verdict:
        st.markdown(markdown(search.verdict))
    percent = st.column_config.NumberColumn(format="percent")
    st.dataframe(
        table,
        hide_index=True,
        column_config=sentence_case(
            table,
            {
                **dict.fromkeys((SCORE, "from", "to"), percent),
                "ms": st.column_config.NumberColumn(format="%.3f"),
                "bytes": st.column_config.NumberColumn(format="localized"),
            },
        ),
    )
    if search.run.registered:
        name, version = search.run.registered
        pages.link("registry", f"{name} version {version}", ":material/inventory_2:", model=name, version=version)


def _links(search: Search, best: RunRecord) -> None:
    with st.container(horizontal=True):
        pages.link("run", "The best trial", ":material/trophy:", run=best.id)
        top = search.ranked[:4]
        if len(top) > 1:
            ids = ",".join(trial.id for trial in top)
            pages.link("compare", f"Compare the best {len(top)}", ":material/compare_arrows:", runs=ids)


def _mattered(search: Search) -> None:
    table = searches.settings(search)
    important = _importance(table, search.title)
    if important.empty:
        st.caption(f"Which settings mattered can be said after {searches.FEWEST} trials that varied something.")
        return
    names = list(important["setting"][:SLICES])
    figure = charts.bars(important, "setting", "importance", "Which settings mattered")
    chart(figure, "importance", important)
    for column, name in in_columns(3, names):
        figure = search_charts.slice_of(table, name, search.title)
        with column:
            chart(figure, f"slice-{name}")
    # Asked for, since Plotly draws it by WebGL: two seconds of every visit where that has no graphics card
    if st.toggle("All settings at once, as parallel coordinates", key="lines", bind="query-params"):
        figure = charts.parallel(table[[*names, search.title]], search.title)
        chart(figure, "tune-parallel", table)


@st.cache_data(max_entries=32, ttl=3600, show_spinner="working out which settings mattered")
def _importance(table: pd.DataFrame, score: str) -> pd.DataFrame:
    return searches.importance(table, score)


def _cost(search: Search) -> None:
    table = searches.pareto(search)
    if len(table) > 1:
        chart(search_charts.pareto(table), "pareto", table)


def _failed(search: Search) -> None:
    if not search.failed:
        return
    st.subheader("Failed and stopped trials", anchor=False)
    rows = [
        (trial.short, run_table.STATES.get(trial.state, trial.state), trial.reason or "no reason was recorded")
        for trial in search.failed
    ]
    narrow = dict.fromkeys(("Trial", "State"), st.column_config.TextColumn(width="small"))
    st.dataframe(pd.DataFrame(rows, columns=["Trial", "State", "Reason"]), hide_index=True, column_config=narrow)
