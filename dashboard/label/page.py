"""Label: one captcha at a time, large, with a model's guess filled in; a keystroke a captcha."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from captcha_core.dataset.labels import Tally
from captcha_core.dataset.store import Dataset
from captcha_core.errors import CaptchaError
from captcha_core.tracking.provenance import user
from dashboard import access, pages
from dashboard.frame import heading, nothing_yet, tabs
from dashboard.label import labelling, overview
from dashboard.label.labelling import LabelSession, LabelTask
from dashboard.tracking import gallery
from dashboard.widgets import pictures
from dashboard.widgets.label_box import label_box
from dashboard.widgets.text import count, markdown, plain, share

SESSION = "label-session"
NO_MODEL = "no guesses"
DRAWN = 60  # captchas to try the page on


def show() -> None:
    """Show the next captcha of the chosen data set."""
    heading("Label", "Read captchas that have no text yet, the most doubtful first. Enter is enough for a right guess.")
    sets = {folder.name: dataset for folder in gallery.folders() if (dataset := _unlabelled(folder)) is not None}
    if not sets:
        nothing_yet(
            "There is no data set without labels below data/.",
            "captchalab collect --url URL --selector CSS --count 300 --length 4 --out data/mine --i-own-this-site\n"
            "captchalab import FOLDER --label-from none --alphabet 0123456789 --length 4 --out data/mine",
            "Import files that nobody has read, collect some from a page of your own, or try it on drawn ones.",
            _fill,
        )
        return
    if not access.may_change():
        st.info(access.WHY_NOT, icon=":material/lock:")
        return
    left, right = st.columns([3, 2], gap="large")
    with right:
        dataset, session = _session(sets)
    with left:
        tabs({"Read": lambda: _work(dataset, session), "All labels": lambda: overview.show(dataset)}, "labels")


def _fill() -> None:
    if st.button(f"Draw {DRAWN} captchas to read", type="primary", icon=":material/draw:", **access.for_changes()):
        with st.spinner("drawing"):
            labelling.draw_pool(DRAWN)
        st.rerun()
    pages.link("data", "Import captchas of your own", ":material/upload:")


@st.cache_data(ttl=20, max_entries=64, show_spinner=False)
def _has_unlabelled(folder: str, digest: str) -> bool:
    dataset = Dataset.open(folder)
    return any(None in dataset.texts(split) for split in dataset.counts)


def _unlabelled(folder: Path) -> Dataset | None:
    """Return the data set in a folder if it came with captchas that nobody has read."""
    try:
        dataset = Dataset.open(folder)
        return dataset if _has_unlabelled(str(folder), dataset.digest) else None
    except CaptchaError:
        return None


def _session(sets: dict[str, Dataset]) -> tuple[Dataset, LabelSession]:
    """Let the user choose data set, model and name, and return their session."""
    dataset = sets[pages.choose("Data set", list(sets), "set", "data set", "label-set")]
    models = labelling.readers(dataset)
    model = st.selectbox("Guesses by", [*models, ""], format_func=lambda uri: uri or NO_MODEL, key="label-model")
    known = access.who()  # who has logged in labels under no other name
    typed = st.text_input("Your name", value=known or user(), max_chars=80, key="label-who", disabled=bool(known))
    who = known or typed or user()
    session = st.session_state.get(SESSION)
    if session is None or (session.folder, session.model) != (str(dataset.path), model or ""):
        session = st.session_state[SESSION] = LabelSession(str(dataset.path), who, model=model or "")
    session.who = who
    return dataset, session


def _work(dataset: Dataset, session: LabelSession) -> None:
    task, done, damaged = labelling.next_task(session, dataset)
    if task is None:
        st.success("Every captcha of this data set has a label.", icon=":material/task_alt:")
        overview.export(dataset)
        st.code(f"captchalab labels {dataset.path} --out {dataset.path}-labelled", language=None)
        _figures(done, 0, damaged)
        return
    if task.check:
        st.info("Every captcha has a label. These are a model's, the least sure first: Enter confirms.")
    if dataset.spec.media == "image":
        st.html(pictures.picture(task.media, "the captcha to be read", "cl-picture cl-label"))
    else:
        st.audio(task.media, autoplay=True)
    entered = label_box(session.turn, task.text, dataset.spec.max_length, bool(session.fault))
    if session.fault:
        st.warning(markdown(plain(session.fault)), icon=":material/edit_off:")
    st.caption(_about(task))
    _figures(done, task.left, damaged)
    if entered is not None and entered.get("turn") == session.turn:
        labelling.act(session, dataset, task, str(entered.get("action")), str(entered.get("text", "")))
        st.rerun()


def _about(task: LabelTask) -> str:
    if not task.model or task.guess is None:
        return "No model has read this one."
    if task.guess.text is None:
        return f"{markdown(task.model)} could not read this one."
    return f"{markdown(task.model)} reads {markdown(task.guess.text)}, {task.guess.confidence:.0%} sure."


def _figures(done: Tally, left: int, damaged: int) -> None:
    accepted = share(done.accepted_share, n=done.guessed or None)
    rows: Sequence[tuple[str, str, str]] = [
        ("Done", f"{done.given:,}", f"{left:,} left"),
        ("Speed", f"{done.per_minute:.0f}" if done.per_minute else "–", "a minute"),
        (
            "Guesses accepted",
            accepted,
            f"of {count(done.guessed, 'guess', 'guesses')}",
        ),
    ]
    st.html(pictures.facts(rows))
    if damaged:
        st.caption(
            f"{count(damaged, 'line')} of the label log cannot be read and is passed over; nothing else is lost."
        )
