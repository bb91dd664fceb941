"""You against the model: twenty captchas to type, timed, so that a report can say how people fare."""

import time
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from captcha_core.assessment.people import LOG, Measured, attempts, measured
from captcha_core.dataset.store import Dataset
from captcha_core.errors import CaptchaError
from dashboard import access, pages, solvers
from dashboard.frame import heading, nothing_yet
from dashboard.home import background
from dashboard.label import labelling
from dashboard.tracking import gallery
from dashboard.widgets import pictures
from dashboard.widgets.label_box import label_box
from dashboard.widgets.text import count, interval, share
from dashboard.you import turns
from dashboard.you.turns import COUNT, Turns

SESSION = "you-turns"
DRAW = ("generate", "--scheme", "digits4", "--count", "200", "--out", "data/digits4-people")


def show() -> None:
    """Show the next captcha of the chosen data set, or how the person fared."""
    heading(
        "You against the model",
        f"Type {COUNT} captchas as you would on any site; then see what a model reads of the same ones, and how fast.",
    )
    sets = {folder.name: folder for folder in gallery.folders() if _is_labelled(folder)}
    if not sets:
        nothing_yet(
            "There is no labelled data set below data/.",
            "captchalab generate --scheme digits4 --count 200 --out data/digits4-people",
            "Draw or import one.",
            lambda: background.start_button("Draw 200 captchas", DRAW, ":material/draw:"),
        )
        return
    if not access.may_change():
        st.info(access.WHY_NOT, icon=":material/lock:")
        return
    dataset = Dataset.open(sets[pages.choose("Data set", list(sets), "set", "data set", "you-set")])
    now: Turns | None = st.session_state.get(SESSION)
    if now is None or now.folder != str(dataset.path):
        _start(dataset)
    elif now.current is None:
        _ended(now, dataset)
    else:
        _type(now, dataset)
    _everybody(dataset)


def _is_labelled(folder: Path) -> bool:
    try:
        dataset = Dataset.open(folder)
        return _has_labels(str(folder), dataset.digest)
    except CaptchaError:
        return False


@st.cache_data(ttl=600, max_entries=64, show_spinner=False)
def _has_labels(folder: str, digest: str) -> bool:
    dataset = Dataset.open(folder)
    return any(text is not None for split in dataset.counts for text in dataset.texts(split)[:1000])


def _start(dataset: Dataset) -> None:
    who = st.text_input("A name of your choice", max_chars=80, key="you-who", value=access.who() or "")
    agreed = st.checkbox(
        f"Keep which ones I type right and how long each took, under this name, in {dataset.path}/{LOG} on this "
        "machine. Reports join it with what others typed and leave the name out.",
        key="you-consent",
    )
    if st.button(
        "Start", type="primary", disabled=not agreed, help=None if agreed else "Tick the box first.", key="you-start"
    ):
        st.session_state[SESSION] = turns.begin(dataset, who or "")
        st.rerun()


def _type(now: Turns, dataset: Dataset) -> None:
    sample = now.current
    assert sample is not None
    if dataset.spec.media == "image":
        st.html(pictures.picture(sample.media, "the captcha to be read", "cl-picture cl-label"))
    else:
        st.audio(sample.media, autoplay=True)
    if now.shown_s is None:
        now.shown_s = time.monotonic()
    entered = label_box(now.place, "", dataset.spec.max_length, can_go_back=False)
    st.caption(f"{now.place + 1} of {len(now.samples)}")
    if entered is not None and entered.get("turn") == now.place and entered.get("action") in ("label", "skip"):
        text = str(entered.get("text", "")) if entered["action"] == "label" else ""
        turns.answer(now, dataset, text, time.monotonic())
        st.rerun()


def _ended(now: Turns, dataset: Dataset) -> None:
    st.success("That was the last one. Thank you.", icon=":material/task_alt:")
    mine = measured(now.done)
    if mine is not None:
        _figures("You", mine)
    readers = labelling.readers(dataset)
    if readers:
        with st.spinner("a model reads the same captchas"):
            beside = turns.read_by(solvers.solver(readers[0]), now, dataset)
        low, high = beside.right.interval
        rows = [
            (beside.name, share(beside.right.value, n=beside.right.n), f"right, {interval(low, high, beside.right.n)}"),
            ("Median", f"{beside.ms:.0f} ms", "a captcha"),
        ]
        st.html(pictures.facts(rows))
    if st.button("Once more", key="you-again", icon=":material/replay:"):
        del st.session_state[SESSION]
        st.rerun()
    if dataset.spec.media == "image":
        _missed(now, beside.texts if readers else None)


def _missed(now: Turns, read: Sequence[str] | None) -> None:
    """Show the captchas that the person or the model did not get, with what each made of them."""
    cards = []
    for place, (sample, attempt, typed) in enumerate(zip(now.samples, now.done, now.typed, strict=True)):
        rows = [("true", sample.text or ""), ("you", typed), *([("model", read[place])] if read else [])]
        if not attempt.right or (read and read[place] != sample.text):
            cards.append(pictures.versus_card(sample.media, rows))
    if cards:
        st.subheader("What one of you got wrong", anchor=False)
        st.html(pictures.gallery(cards))


def _everybody(dataset: Dataset) -> None:
    all_of_them = measured(attempts(dataset.path))
    if all_of_them is not None:
        _figures("Everybody so far", all_of_them)
        st.caption("An assessment of this data set (page Strength) has this in its report.")


def _figures(title: str, who: Measured) -> None:
    low, high = who.right.interval
    people = f"{count(who.people, 'person', 'people')}, {count(who.captchas, 'captcha')}"
    rows = [
        (title, share(who.right.value, n=who.right.n), f"right, {interval(low, high, who.right.n)}"),
        ("Median", f"{who.seconds:.1f} s", "a captcha"),
        ("n", f"{who.right.n:,}", people),
    ]
    st.html(pictures.facts(rows))
