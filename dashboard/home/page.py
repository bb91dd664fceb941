"""Home: each task with its champion, what runs now, and what to do next."""

import time
from collections.abc import Sequence

import streamlit as st

from captcha_core.registry.versions import BUILTIN
from captcha_core.tracking.names import Metric, Param
from dashboard import jobs, pages
from dashboard.frame import guarded, heading, in_columns, stop_button
from dashboard.home import background, tasks
from dashboard.home.tasks import TaskSummary
from dashboard.tracking import data
from dashboard.tracking.records import RunRecord
from dashboard.widgets import pictures
from dashboard.widgets.text import NOTHING, ago, count, duration, interval, markdown, share, shortened

LAST = 5
LONGEST = 110  # characters of what an audit or an assessment found


def show() -> None:
    """Show the tasks, or how to begin where nothing was trained."""
    uri = data.tracking()
    runs, models = data.runs(uri), data.models(uri)
    heading("captchalab", "How well does a machine read a captcha, at what cost, and what makes it harder?")
    if not runs and not models:
        _welcome()
        return
    _now(uri)
    found = tasks.tasks(models, runs)
    st.subheader("Tasks", anchor=False)
    for column, task in in_columns(2, found):
        with column.container(border=True, key=f"task-{found.index(task)}"):
            _task(task)
    st.subheader("Last runs", anchor=False)
    _last([run for run in runs if not run.parent][:LAST])
    with st.expander("Train another model"):
        background.start_form()


def _welcome() -> None:
    with st.container(border=True, key="welcome"):
        st.subheader("Nothing has been trained here yet", anchor=False)
        st.markdown(
            "Start the small demo: it draws captchas of four digits, trains a network on them, reads fresh ones that "
            "it has never seen, and makes the model champion. Then try it."
        )
        with guarded():
            background.start_form()
            background.follow(changed=lambda: bool(data.runs(data.tracking())))
    st.markdown("A reader is here already: try it on captchas of your own before you train anything.")
    pages.link("solve", "Solve with the builtin reader", ":material/pin_invoke:", model=BUILTIN)
    st.markdown("Or in a terminal, for a better model:")
    st.code("captchalab pipeline --preset digits4", language=None)
    st.markdown("With captchas of your own, named by their texts:")
    st.code("captchalab import FOLDER --out data/mine\ncaptchalab train --data data/mine", language=None)


def _task(task: TaskSummary) -> None:
    run = task.run or task.best
    metrics = run.metrics if run else {}
    low, high = metrics.get(Metric.TEST_EXACT_MATCH_LOW), metrics.get(Metric.TEST_EXACT_MATCH_HIGH)
    champion = f"champion: version {task.champion.version}" if task.champion else "best run, no champion yet"
    n = f" of {metrics[Metric.TEST_N]:,.0f} test captchas" if Metric.TEST_N in metrics else ""
    st.html(
        pictures.task(
            task.name,
            share(run.tested if run else None, n=run.tested_n if run else None),
            f"{interval(low, high, metrics.get(Metric.TEST_N))}{n}" if n else champion,
            f"{champion} · {count(len(task.runs), 'run')}" if n else count(len(task.runs), "run"),
            task.trend,
        )
    )
    with st.container(horizontal=True, gap="small"):
        if task.champion:
            pages.link("solve", "Solve", ":material/pin_invoke:", model=f"models:/{task.name}@champion")
        preset = task.runs[0].preset if task.runs else ""
        search = f"params.`{Param.PRESET}` = '{preset}'" if preset and "'" not in preset else ""
        pages.link("runs", "Runs", ":material/table_rows:", q=search)
        if task.model:
            pages.link("registry", "Versions", ":material/inventory_2:", model=task.name)


def _now(uri: str) -> None:
    """Show what runs now, refreshed every few seconds; the rest of the page stays as it is."""
    with guarded():
        background.follow()
    job = jobs.current()
    own = background.run_of(job) if job else None

    @st.fragment(run_every="4s")
    def live() -> None:
        with guarded():
            running, silent = tasks.running(data.runs(uri), 1000 * time.time())
            others = [run for run in running if own is None or run.id != own.id]
            if others:
                st.subheader("Running now", anchor=False)
            for run in others[:6]:
                _running(run)
            if silent:
                st.caption(
                    f"Running for over two days, so probably killed: {count(len(silent), 'run')}. "
                    "`captchalab doctor` says what to do about that."
                )

    live()


def _running(run: RunRecord) -> None:
    now_ms = 1000 * time.time()
    used = tasks.progress(run, now_ms)
    best = f" · best {markdown(share(run.best, n=run.validated_n))}" if run.best is not None else ""
    words = f"**{markdown(run.short)}** · for {duration(run.seconds(now_ms))}{best}"
    left, middle, right = st.columns([6, 1, 1], vertical_alignment="center")
    if used is not None:
        left.progress(used, words)
    else:
        left.markdown(words)
    with middle:
        pages.link("run", "Open", ":material/monitoring:", run=run.id)
    with right:
        stop_button(run.tags, f"stop-{run.id}", width="stretch")


def _last(runs: Sequence[RunRecord]) -> None:
    for run in runs:
        read = share(run.best, n=run.validated_n) if run.tested is None else share(run.tested, n=run.tested_n)
        said = shortened(run.note.partition(" (")[0], LONGEST) if read == NOTHING else read
        ended = f"{run.state.lower()} {ago(run.end_ms or run.start_ms)}"
        words = " · ".join(filter(None, (run.short, said, ended)))
        pages.link("run", markdown(words), ":material/chevron_right:", run=run.id)
