"""One captcha with everything that is known of its answer: part of the Solve page."""

import streamlit as st

from captcha_core.errors import CaptchaError
from captcha_core.solver import Solver
from dashboard.frame import guarded
from dashboard.solve import correction, saliency, solving
from dashboard.solve.solving import SolveResult
from dashboard.widgets import clips, pictures
from dashboard.widgets.text import markdown, plain, share


def show(solver: Solver, result: SolveResult, truth: str | None = None) -> None:
    """Show a captcha beside what was read of it.

    Args:
        solver: Who read it.
        result: What came of it.
        truth: The true text where it is known: of one that was drawn here.
    """
    left, right = st.columns([5, 6], gap="large")
    with left:
        _captcha(solver, result)
    with right:
        if result.answer is None:
            st.warning(markdown(result.fault), icon=":material/image_not_supported:")
            return
        with st.container(key="answer"):
            st.code(result.answer.text or " ", language=None)
            if result.answer.answer is not None:
                st.metric("Answer", result.answer.answer)
            elif result.answer.refusal:
                st.caption(markdown(result.answer.refusal))
        st.html(pictures.strip(result.answer))
        st.caption(
            f"{share(result.answer.confidence)} sure of the whole · {result.answer.elapsed_ms:.2f} ms · "
            f"{markdown(solving.label_of(result.model))}"
        )
        if truth is not None:
            _judge(result.answer.text, truth)
        correction.one(solver, result, truth)
    if result.upload.kind == solver.spec.media == "audio":
        with guarded():
            _sound(solver, result)
    if saliency.can_look(solver):
        with guarded():
            _looked_at(solver, result)


def _judge(text: str, truth: str) -> None:
    if text == truth:
        st.badge("right", icon=":material/check:", color="green")
    else:
        st.badge(f"wrong: {markdown(truth)} was drawn", icon=":material/close:", color="red")


def _captcha(solver: Solver, result: SolveResult) -> None:
    if result.upload.kind == "image":
        boxes = [one.box_px for one in result.answer.characters if one.box_px] if result.answer else []
        size_px = solver.spec.size_px if solver.spec.media == "image" else (1, 1)
        st.html(pictures.boxed(result.upload.media, result.upload.name, boxes, size_px))
        if boxes:
            st.caption("The boxes are where the letters were cut.")
    else:
        st.audio(result.upload.media)
    st.caption(markdown(result.upload.name))


def _sound(solver: Solver, result: SolveResult) -> None:
    characters = result.answer.characters if result.answer else ()
    st.html(clips.clip_picture(result.upload.media, solver.spec, characters, result.upload.name))


def _looked_at(solver: Solver, result: SolveResult) -> None:
    if result.answer is None or not st.toggle("What the network looked at", key="look"):
        return
    try:
        with st.spinner("hiding one place after the other"):
            look = saliency.look(solver, result.upload.media)
    except CaptchaError as error:
        st.warning(markdown(plain(error)))
        return
    names = ["all", *(f"{index + 1}: {one.character}" for index, one in enumerate(result.answer.characters))]
    chosen = st.segmented_control("For which character", names, default="all", required=True, key="look-at")
    index = names.index(chosen or "all") - 1
    heat = look.heat(None if index < 0 or index >= len(look.spans) else index)
    upright = solver.bundle.config.features.upright
    st.html(pictures.heated(upright(solver.features(result.upload.media)), upright(heat)))
    st.caption("Warm places carry the answer: hiding them makes the network doubt it.")
