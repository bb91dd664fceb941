"""Start a command from a page, watch it, stop it: part of the home page and of every page that starts one."""

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any, TypeVar

import streamlit as st

from captcha_core.errors import CaptchaError
from captcha_core.tracking.names import Tag
from dashboard import access, jobs, pages
from dashboard.home import tasks, watch
from dashboard.tracking import data, gallery
from dashboard.tracking.records import RunRecord
from dashboard.widgets.text import duration, markdown, plain

DEMO, DEMO_MINUTES = "digits4", 2.0
FIRST = ("pipeline", "--preset", DEMO, "--minutes", f"{DEMO_MINUTES:g}")
MOST_MINUTES = 6000.0
USED_UP = 0.8  # of a training's minutes: it stopped for want of time
FAULT = "Error: "  # begins what a command says of why it failed
MAKES_DATA = ("generate", "import", "labels")
DOING = {
    "pipeline": "getting ready", "train": "getting ready", "tune": "searching", "generate": "drawing captchas",
    "import": "reading the files", "export": "converting", "labels": "writing the data set",
    "audit": "reading the labels", "assess": "letting attackers try",
}  # fmt: skip
Choice = TypeVar("Choice")


def start_form() -> None:
    """Show the form that starts a training, unless something is running."""
    if can_start("A training"):
        chosen = minutes_form("training", "Preset or data set", sources(), DEMO_MINUTES, "Start training")
        if chosen:
            begin(("pipeline", *chosen[0], "--minutes", f"{chosen[1]:g}"))


def can_start(what: str) -> bool:
    """Return whether nothing runs; where something does, say when ``what`` can be started."""
    job = jobs.current()
    if job is None or not job.running:
        return True
    st.caption(f"{markdown(job.title)} is not over yet. {what} can be started when it has ended.")
    return False


def minutes_form(
    key: str, label: str, choices: Mapping[str, Choice], minutes: float, action: str, least: float = 0.1
) -> tuple[Choice, float] | None:
    """Show a form of what to work on and for how many minutes; return both when its button was pressed.

    Args:
        key: Of the form; its fields have it in theirs.
        label: Of the field with the choices.
        choices: What can be worked on, by the words for it.
        minutes: What the field for them begins with.
        action: On the button.
        least: The fewest minutes that make sense.
    """
    with st.form(key, border=False):
        left, middle, right = st.columns([3, 2, 2], vertical_alignment="bottom")
        chosen = left.selectbox(label, list(choices), key=f"{key}-what")
        given = middle.number_input(
            "Minutes", least, MOST_MINUTES, minutes, step=1.0, format="%g", key=f"{key}-minutes"
        )
        pressed = submit(action, right)
    return (choices[chosen], given) if pressed else None


def submit(action: str, where: Any) -> bool:
    """Show the button that sends a form off and starts a command."""
    return bool(
        where.form_submit_button(
            action, type="primary", icon=":material/play_arrow:", width="stretch", **access.for_changes()
        )
    )


def sources() -> dict[str, tuple[str, str]]:
    """Return what can be trained on, and the option that names it: the small demo, presets, schemes and data here."""
    from captcha_core.presets.preset import preset_names
    from captcha_core.sources.scheme_files import scheme_files
    from captcha_core.sources.schemes import SCHEMES

    names = [*sorted(preset_names(), key=lambda name: (name != DEMO, name)), *scheme_files(Path(), SCHEMES)]
    found = {name: ("--preset", name) for name in names}
    return found | {f"data set {one.name}": ("--data", one.as_posix()) for one in gallery.folders()}


def start_button(label: str, arguments: Sequence[str], icon: str = ":material/play_arrow:", key: str = "") -> None:
    """Show a button that starts a command and leads to the page that shows it; off while another one runs."""
    job = jobs.current()
    busy: dict[str, Any] = {"disabled": True, "help": "Something is running: see Home."} if job and job.running else {}
    if st.button(label, type="primary", icon=icon, key=key or f"start-{label}", **(busy | access.for_changes())):
        begin(arguments)


def first_model() -> None:
    """Show the button that trains a first model: what fills a page that has nothing to show yet."""
    start_button(f"Train a first model ({DEMO_MINUTES:g} minutes)", FIRST, key="first-model")


def begin(arguments: Sequence[str]) -> None:
    """Start a command and go to the home page, which shows it; or say why not."""
    try:
        jobs.start(arguments)
    except CaptchaError as error:
        st.error(markdown(plain(error)))
        return
    st.switch_page(pages.page("home"))


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
            data.forget()
            st.rerun()
        _status()

    live()


def beacon() -> None:
    """Show in the sidebar what runs in the background or has just ended: a way to the page that shows it."""
    job = jobs.current()
    if job is None:
        return

    @st.fragment(run_every="4s" if job.running else None)
    def live() -> None:
        now = jobs.current()
        if now is None:
            return
        if not now.running:
            pages.link("home", f"{now.title}: {'done' if now.code == 0 else 'ended'}", ":material/flag:")
            return
        with contextlib.suppress(CaptchaError):  # MLflow is away: the page itself says so
            run = run_of(now)
            used = tasks.progress(run, 1000 * time.time()) if run else None
            percent = "" if used is None else f" · {used:.0%}"
            pages.link("home", f"{now.title}{percent}", ":material/progress_activity:")

    with st.sidebar:
        live()


def run_of(job: jobs.Job) -> RunRecord | None:
    """Return the run that a job makes, None before it is there."""
    started = [run for run in data.runs(data.tracking()) if run.tags.get(Tag.PID) == str(job.pid) and not run.parent]
    return next((run for run in started if run.start_ms >= job.started_ms), None)


def _status() -> None:
    """Show how the command in the background is doing, if there is one."""
    job = jobs.current()
    if job is None:
        return
    if job.running:
        _running(job)
    elif job.code == 0:
        _done(job)
    else:
        _ended(job)


def _running(job: jobs.Job) -> None:
    run = run_of(job)
    doing = DOING.get(job.arguments[0], "at work")
    for_long = duration(time.time() - job.started_ms / 1000)
    with st.container(border=True, key="job"):
        left, right = st.columns([6, 1], vertical_alignment="center")
        with left:
            watch.progress_bar(run, markdown(job.title), f"{doing}, for {for_long}")
        if right.button(
            "Stop",
            key="stop-job",
            icon=":material/stop:",
            width="stretch",
            disabled=job.stopped,
            **access.for_changes(),
        ):
            jobs.stop()
            st.rerun()
        if run and watch.learns(run):
            watch.show(data.tracking(), run)
        elif last := jobs.last_lines(1):
            st.caption(markdown(last[0]))


def _done(job: jobs.Job) -> None:
    with st.container(border=True, key="job"):
        last = jobs.last_lines(1)
        said = last[0].split("  ", 1)[-1] if last else f"{job.command} is done"  # without the step's name before it
        st.success(markdown(said), icon=":material/check_circle:")
        with st.container(horizontal=True, vertical_alignment="center"):
            _next(job)
            _dismiss()


def _next(job: jobs.Job) -> None:
    """Show the way from what was made to its use."""
    run = run_of(job)
    if job.arguments[0] in MAKES_DATA and "--out" in job.arguments:
        folder = PurePath(job.arguments[job.arguments.index("--out") + 1]).name
        pages.link("data", "Look at it", ":material/database:", set=folder)
    if run and run.registered:
        name, version = run.registered
        way = {} if "--data" in job.arguments else {"from": "Draw"}  # captchas of one's own cannot be drawn
        pages.link("solve", "Try it", ":material/pin_invoke:", model=f"models:/{name}/{version}", **way)
    if job.arguments[0] == "audit":
        pages.link("audit", "What was found", ":material/rule:")
    elif job.arguments[0] == "assess":
        pages.link("strength", "What was found", ":material/shield:")
    elif job.arguments[0] == "tune" and run:
        pages.link("tune", "How it went", ":material/monitoring:", search=run.id)
    elif run:
        pages.link("run", "How it went", ":material/monitoring:", run=run.id)


def _ended(job: jobs.Job) -> None:
    if job.stopped:
        st.info(f"{markdown(job.command)} was stopped.", icon=":material/stop_circle:")
    else:
        lines = jobs.last_lines()
        why = next((line.removeprefix(FAULT) for line in reversed(lines) if line.startswith(FAULT)), "")
        st.error(f"{markdown(job.command)} failed. {markdown(plain(why))}", icon=":material/error:")
        with st.expander("What it wrote last", expanded=not why):
            st.code("\n".join(lines) or "It wrote nothing.", language=None, wrap_lines=True)
    with st.container(horizontal=True, vertical_alignment="center"):
        if not job.stopped and (longer := with_more_time(job.arguments, jobs.took_s(job))):
            minutes = longer[longer.index("--minutes") + 1]
            start_button(f"Once more, for {minutes} minutes", longer, ":material/replay:", key="once-more")
        if run := run_of(job):
            pages.link("run", "How it went", ":material/monitoring:", run=run.id)
        _dismiss()


def with_more_time(arguments: Sequence[str], took_s: float) -> tuple[str, ...]:
    """Return the command line with five times its minutes, for a slow machine needs more.

    It is empty where the command has no minutes, or ended well before they were over: more would change nothing.
    """
    if "--minutes" not in arguments[:-1]:
        return ()
    place = arguments.index("--minutes") + 1
    minutes = float(arguments[place])
    if took_s < USED_UP * 60 * minutes:
        return ()
    return (*arguments[:place], f"{5 * minutes:g}", *arguments[place + 1 :])


def _dismiss() -> None:
    if st.button("Dismiss", key="dismiss-job", icon=":material/close:"):
        jobs.forget()
        data.forget()
        st.rerun()
