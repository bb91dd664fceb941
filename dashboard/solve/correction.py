"""Say what is really there: the field below an answer, and the table below many. Part of the Solve page."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from captcha_core.errors import CaptchaError
from captcha_core.solver import Solver
from captcha_core.spec.sample import Sample
from dashboard import access
from dashboard.frame import tell
from dashboard.solve import correcting, solving
from dashboard.solve.solving import Reading
from dashboard.widgets.text import count, markdown

TRUTH = "what is there"


def one(solver: Solver, reading: Reading, truth: str | None) -> None:
    """Show the field for one captcha, filled with what was read or, of a drawn one, with what was drawn."""
    if reading.answer is None:
        return
    may = access.may_change()
    with st.form(f"correct-{Sample(reading.item.media, None).id}", border=False):
        left, right = st.columns([3, 2], vertical_alignment="bottom")
        text = left.text_input(
            "Read wrong? What is there", truth or reading.answer.text, max_chars=solver.spec.max_length + 8,
            disabled=not may,
        )  # fmt: skip
        pressed = right.form_submit_button(
            "Keep as label", icon=":material/new_label:", width="stretch", disabled=not may,
            help=f"To learn from: in the data set that holds this captcha, or in {correcting.folder_for(solver)}"
            if may else access.WHY_NOT,
        )  # fmt: skip
    if pressed and text:
        _keep(solver, [(reading, text)])


def many(solver: Solver, readings: Sequence[Reading]) -> None:
    """Show what was read as a table whose last column takes what is really there."""
    read = [reading for reading in readings if reading.answer]
    frame = solving.batch_table(read)[["file", "text", "confidence"]]
    frame.insert(2, TRUTH, frame["text"])
    column = st.column_config
    edited = st.data_editor(
        frame,
        hide_index=True,
        key=f"correct-{hash(tuple(reading.item.media for reading in read))}",
        disabled=["file", "text", "confidence"] if access.may_change() else True,
        column_config={
            "file": column.TextColumn("File"),
            "text": column.TextColumn("Read"),
            TRUTH: column.TextColumn("What is there", max_chars=solver.spec.max_length + 8),
            "confidence": column.ProgressColumn("Confidence", min_value=0, max_value=1, format="percent"),
        },
    )
    changed = corrections(read, edited)
    if changed and st.button(f"Keep {count(len(changed), 'correction')} as labels", icon=":material/new_label:"):
        _keep(solver, changed)


def corrections(readings: Sequence[Reading], edited: pd.DataFrame) -> list[tuple[Reading, str]]:
    """Return the readings whose text a person changed in the table, with the new text."""
    texts = ["" if pd.isna(text) else str(text).strip() for text in edited[TRUTH]]
    pairs = zip(readings, texts, strict=True)
    return [(reading, text) for reading, text in pairs if reading.answer and text and text != reading.answer.text]


def _keep(solver: Solver, corrected: list[tuple[Reading, str]]) -> None:
    try:
        said = correcting.keep(solver, corrected, access.who())
    except CaptchaError as error:
        st.warning(markdown(error), icon=":material/edit_off:")
        return
    tell(said)
    st.rerun()
