"""A wrong answer put right: the field below an answer, on the card of each of many, takes what the captcha says.

It becomes a label, in the data set that holds the captcha or in one for corrections.
"""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from captcha_core.dataset.corrections import SOURCE, Corrections
from captcha_core.dataset.labels import Label, LabelLog, now
from captcha_core.dataset.store import Dataset
from captcha_core.errors import CaptchaError
from captcha_core.solver import Solver
from captcha_core.spec.sample import Sample
from captcha_core.tracking.provenance import user
from dashboard import access
from dashboard.frame import announce, in_columns
from dashboard.solve.solving import SolveResult
from dashboard.tracking import gallery
from dashboard.widgets import clips
from dashboard.widgets.text import count, file_name, markdown, plain


def one(solver: Solver, result: SolveResult, truth: str | None) -> None:
    """Show the field for one captcha, filled with what was read or, of a drawn one, with what was drawn."""
    if result.answer is None:
        return
    may = access.may_change()
    with st.form(f"correct-{Sample(result.upload.media, None).id}", border=False):
        left, right = st.columns([3, 2], vertical_alignment="bottom")
        text = left.text_input(
            "True text, if it was read wrong", truth or result.answer.text, max_chars=solver.spec.max_length + 8,
            disabled=not may,
        )  # fmt: skip
        pressed = right.form_submit_button(
            "Save as label", icon=":material/new_label:", width="stretch", disabled=not may,
            help=f"To learn from: in the data set that holds this captcha, or in {folder_for(solver)}"
            if may else access.WHY_NOT,
        )  # fmt: skip
    if pressed and text:
        _submit(solver, [(result, text)])


def cards(solver: Solver, results: Sequence[SolveResult], start: int = 0) -> None:
    """Show captchas with what was read of them, each with a field for its true text, and one button that saves all.

    Args:
        solver: Who read them.
        results: What is on this page of them.
        start: How many came before this page.
    """
    may = access.may_change()
    typed = []
    with st.form(f"correct-{start}-{hash(tuple(result.upload.media for result in results))}", border=False):
        for column, (place, result) in in_columns(3, list(enumerate(results))):
            with column:
                clips.answer(result)
                if result.answer is None:
                    continue
                text = st.text_input(
                    f"True text of {markdown(result.upload.name)}", result.answer.text, disabled=not may,
                    max_chars=solver.spec.max_length + 8, label_visibility="collapsed",
                    key=f"true-{start + place}-{Sample(result.upload.media, None).id}",
                )  # fmt: skip
                typed.append((result, text))
        pressed = st.form_submit_button(
            "Save what I corrected as labels", icon=":material/new_label:", disabled=not may,
            help="Change the text below a captcha that was read wrong" if may else access.WHY_NOT,
        )  # fmt: skip
    if pressed:
        if changed := corrections(typed):
            _submit(solver, changed)
        else:
            st.info("Nothing was corrected: every text is as it was read.", icon=":material/equal:")


def least_sure_first(results: Sequence[SolveResult]) -> list[SolveResult]:
    """Return results in the order in which a person should look at them: unread ones, then by confidence."""
    return sorted(results, key=lambda result: result.answer.confidence if result.answer else -1.0)


def corrections(typed: Sequence[tuple[SolveResult, str]]) -> list[tuple[SolveResult, str]]:
    """Return the results whose text a person changed, with the new text."""
    pairs = [(result, (text or "").strip()) for result, text in typed]
    return [(result, text) for result, text in pairs if result.answer and text and text != result.answer.text]


def _submit(solver: Solver, corrected: list[tuple[SolveResult, str]]) -> None:
    try:
        sentence = save(solver, corrected, access.who())
    except CaptchaError as error:
        st.warning(markdown(plain(error)), icon=":material/edit_off:")
        return
    announce(sentence)
    st.rerun()


def save(solver: Solver, corrected: Sequence[tuple[SolveResult, str]], who: str | None = None) -> str:
    """Save the true texts of captchas as labels, and return where they are, in a sentence.

    Args:
        solver: Who read them.
        corrected: What was read, and the true text.
        who: Whose word it is; by default that of the user of this process.

    Raises:
        SpecError: If a text is outside the alphabet or the lengths; those before it are saved.
        DataError: If the disk does not take it.
    """
    places = [_save(solver, result, text, who or user()) for result, text in corrected]
    where = " and ".join(dict.fromkeys(place.as_posix() for place in places))
    return f"{count(len(places), 'label')} saved in {where}."


def folder_for(solver: Solver) -> Path:
    """Return where corrections go whose captchas are in no data set."""
    return gallery.DATA / f"corrections-{file_name(solver.model.name, 'model')}"


def _save(solver: Solver, result: SolveResult, text: str, who: str) -> Path:
    answer, model = result.answer, solver.model
    label = Label(
        id=Sample(result.upload.media, None).id,
        text=solver.spec.label(text.strip()),
        by="hand",
        who=who,
        when=now(),
        model=f"{model.name} version {model.version}" if model.version else model.name,
        guess=answer.text if answer else None,
        confidence=answer.confidence if answer else None,
    )
    dataset = _data_set_of(solver, label.id)
    if dataset is not None:
        LabelLog.of(dataset.path, dataset.spec).add([label])
        return dataset.path
    return Corrections(folder_for(solver), solver.spec).keep(result.upload.media, result.upload.name, label).path


def _data_set_of(solver: Solver, identity: str) -> Dataset | None:
    """Return the data set below ``data/`` that holds a captcha, None where none does."""
    for folder in gallery.folders():
        try:
            dataset = Dataset.open(folder)
            if dataset.manifest.source == SOURCE or dataset.spec.difference(solver.spec):
                continue
            if any(identity in gallery.ids(folder, split) for split in gallery.SPLITS):
                return dataset
        except (CaptchaError, OSError):
            continue
    return None
