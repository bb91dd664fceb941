"""One captcha with everything that is known of its answer: part of the Solve page."""

import streamlit as st

from captcha_core.errors import CaptchaError
from captcha_core.solver import Solver
from dashboard.frame import guarded
from dashboard.solve import correction, saliency, solving
from dashboard.solve.solving import Reading
from dashboard.widgets import pictures, sound
from dashboard.widgets.text import markdown, share


def show(solver: Solver, reading: Reading, truth: str | None = None) -> None:
    """Show a captcha beside what was read of it.

    Args:
        solver: Who read it.
        reading: What came of it.
        truth: What is there, where that is known: of one that was drawn here.
    """
    left, right = st.columns([5, 6], gap="large")
    with left:
        _captcha(solver, reading)
    with right:
        if reading.answer is None:
            st.warning(markdown(reading.fault), icon=":material/image_not_supported:")
            return
        with st.container(key="answer"):
            st.code(reading.answer.text or " ", language=None)
        st.html(pictures.strip(reading.answer))
        st.caption(
            f"{share(reading.answer.confidence)} sure of the whole · {reading.answer.elapsed_ms:.2f} ms · "
            f"{markdown(solving.label_of(reading.model))}"
        )
        if truth is not None:
            _judge(reading.answer.text, truth)
        correction.one(solver, reading, truth)
    if reading.item.kind == solver.spec.media == "audio":
        with guarded():
            _sound(solver, reading)
    if saliency.can_look(solver):
        with guarded():
            _looked_at(solver, reading)


def _judge(text: str, truth: str) -> None:
    if text == truth:
        st.badge("right", icon=":material/check:", color="green")
    else:
        st.badge(f"wrong: {markdown(truth)} was drawn", icon=":material/close:", color="red")


def _captcha(solver: Solver, reading: Reading) -> None:
    if reading.item.kind == "image":
        boxes = [one.box_px for one in reading.answer.characters if one.box_px] if reading.answer else []
        size_px = solver.spec.size_px if solver.spec.media == "image" else (1, 1)
        st.html(pictures.boxed(reading.item.media, reading.item.name, boxes, size_px))
        if boxes:
            st.caption("The boxes are where the letters were cut.")
    else:
        st.audio(reading.item.media)
    st.caption(markdown(reading.item.name))


def _sound(solver: Solver, reading: Reading) -> None:
    characters = reading.answer.characters if reading.answer else ()
    st.html(sound.clip_picture(reading.item.media, solver.spec, characters, reading.item.name))


def _looked_at(solver: Solver, reading: Reading) -> None:
    if reading.answer is None or not st.toggle("What the network looked at", key="look"):
        return
    try:
        with st.spinner("hiding one place after the other"):
            look = saliency.look(solver, reading.item.media)
    except CaptchaError as error:
        st.warning(markdown(error))
        return
    names = ["all", *(f"{index + 1}: {one.character}" for index, one in enumerate(reading.answer.characters))]
    chosen = st.segmented_control("For which character", names, default="all", required=True, key="look-at")
    index = names.index(chosen or "all") - 1
    heat = look.heat(None if index < 0 or index >= len(look.spans) else index)
    upright = solver.bundle.config.features.upright
    st.html(pictures.heated(upright(solver.features(reading.item.media)), upright(heat)))
    st.caption("Warm places carry the answer: hiding them makes the network doubt it.")
