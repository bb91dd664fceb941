"""Solve: upload captchas, see what a model reads and how sure it is of each character."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from captcha_core.errors import CaptchaError
from captcha_core.registry.versions import BUILTIN
from captcha_core.solver import Solver
from dashboard import pages as links
from dashboard import solvers
from dashboard.frame import again, csv_button, heading
from dashboard.solve import answer, correction, inputs, solving
from dashboard.solve.solving import SolveResult
from dashboard.tracking import data
from dashboard.tracking.records import ModelRecord
from dashboard.widgets.text import count, markdown, plain

ORDER = ("champion", "challenger", "previous")
PER_PAGE = 24
MOST_MODELS = 6


def show() -> None:
    """Show what the chosen model reads of the uploaded captchas."""
    heading("Solve", "Upload captchas and see what a model reads, how sure it is of each character, and how fast.")
    models = _models()
    choices = model_choices(models)
    uri, beside = _model(choices)
    try:
        solver = solvers.solver(uri)
    except CaptchaError as error:
        st.error(f"This model cannot be used. {markdown(plain(error))}", icon=":material/gpp_bad:")
        st.caption("Choose another model above, or train it anew.")
        return
    taken = inputs.show(solver)
    for refused in taken.refused[:10]:
        st.warning(f"**{markdown(refused.name)}**: {markdown(refused.reason)}", icon=":material/block:")
    if len(taken.refused) > 10:
        st.caption(f"and {len(taken.refused) - 10} more files that were refused.")
    if not taken.accepted:
        return
    results = solving.read(solver, taken.accepted)
    if len(results) == 1:
        answer.show(solver, results[0], inputs.drawn_text(results[0].upload.media))
    else:
        _batch(solver, results)
    if beside:
        _beside(models, uri, results)


def _models() -> list[ModelRecord]:
    """Return the registered models; none, with the reason, while MLflow does not answer: the builtin reader does."""
    try:
        return data.models(data.tracking())
    except data.MlflowUnavailable as error:
        st.warning(f"**MLflow does not answer**, so its models are missing here. {markdown(plain(error))}")
        again()
        return []


def model_choices(models: Sequence[ModelRecord]) -> dict[str, str]:
    """Return addresses and how they are written: champions, other aliases, the builtin reader, plain versions."""
    choices: dict[str, str] = {}
    for alias in ORDER:
        for model in models:
            if version := model.behind(alias):
                choices[f"models:/{model.name}@{alias}"] = f"{model.name} · {alias} (version {version.version})"
    choices[BUILTIN] = "builtin · the reader that ships with captchalab"
    for model in models:
        for version in model.versions:
            choices[version.uri] = f"{model.name} · version {version.version}"
    return choices


def _model(choices: dict[str, str]) -> tuple[str, bool]:
    left, right = st.columns([4, 2], vertical_alignment="bottom")
    chosen = links.choose("Model", list(choices), "model", "model", "model-choice", choices.__getitem__, left)
    beside = right.toggle("All models side by side", key="beside", bind="query-params")
    return chosen, beside


def _batch(solver: Solver, results: Sequence[SolveResult]) -> None:
    read = [result for result in results if result.answer]
    left, right = st.columns([4, 1], vertical_alignment="center")
    mean = sum(result.answer.elapsed_ms for result in read if result.answer) / max(1, len(read))
    left.markdown(f"**{count(len(read), 'captcha')} read** of {len(results)}, {mean:.2f} ms each")
    frame = solving.batch_table(results)
    csv_button(frame, "answers.csv", right, width="stretch")
    sort = st.segmented_control(
        "Order", ["Least sure first", "As uploaded"], default="Least sure first", required=True, key="order",
        label_visibility="collapsed", bind="query-params",
    )  # fmt: skip
    pages = -(-len(results) // PER_PAGE)
    current = st.pagination(pages, key="gallery-page") if pages > 1 else 1
    first = (current - 1) * PER_PAGE
    in_order = correction.least_sure_first(results) if sort == "Least sure first" else list(results)
    correction.cards(solver, in_order[first : first + PER_PAGE], first)
    with st.expander("As a table"):
        _table(frame)


def _beside(models: Sequence[ModelRecord], uri: str, results: Sequence[SolveResult]) -> None:
    """Let the champions, and the challengers that differ from them, read the same captchas."""
    kind = results[0].upload.kind
    uploads = [result.upload for result in results]
    rows = list(results)
    for other in others(models, uri):
        try:
            solver = solvers.solver(other)
        except CaptchaError as error:
            st.caption(f"{markdown(other)} cannot be used: {markdown(plain(error))}")
            continue
        if solver.spec.media == kind:
            rows += solving.read(solver, uploads)
    st.subheader("Side by side", anchor=False, divider="gray")
    _table(solving.batch_table(sorted(rows, key=lambda row: uploads.index(row.upload))))


def others(models: Sequence[ModelRecord], uri: str) -> list[str]:
    """Return the addresses to put beside one: every champion, challengers that are other versions, and
    the builtin reader."""
    found = []
    for model in models:
        seen = set()
        for alias in ("champion", "challenger"):
            version = model.behind(alias)
            if version and version.version not in seen:
                seen.add(version.version)
                found.append((f"models:/{model.name}@{alias}", version.uri))
    found.append((BUILTIN, BUILTIN))
    return [address for address, plain in found if uri not in (address, plain)][:MOST_MODELS]


def _table(frame: pd.DataFrame) -> None:
    column = st.column_config
    st.dataframe(
        frame,
        hide_index=True,
        column_config={
            "file": column.TextColumn("File"),
            "text": column.TextColumn("Text"),
            "answer": column.TextColumn("Answer", help="What is to be typed: the text, or what a sum comes to."),
            "confidence": column.ProgressColumn("Confidence", min_value=0, max_value=1, format="percent"),
            "weakest character": column.NumberColumn("Weakest character", format="percent"),
            "milliseconds": column.NumberColumn("ms", format="%.2f"),
            "model": column.TextColumn("Model"),
            "fault": column.TextColumn("Fault"),
        },
    )
