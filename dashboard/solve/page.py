"""Solve: hand in captchas, see what a model reads and how sure it is of each character."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from captcha_core.errors import CaptchaError
from captcha_core.solver import Solver
from dashboard import solvers
from dashboard.frame import heading, nothing_yet
from dashboard.solve import answer, correction, inputs, solving
from dashboard.solve.solving import Reading
from dashboard.tracking import data
from dashboard.tracking.records import ModelRecord
from dashboard.widgets import clips, pictures
from dashboard.widgets.text import count, csv, markdown

ORDER = ("champion", "challenger", "previous")
PER_PAGE = 24
MOST_MODELS = 6


def show() -> None:
    heading("Solve", "Hand in captchas and see what a model reads, how sure it is of each character, and how fast.")
    models = data.models(data.tracking())
    choices = model_choices(models)
    if not choices:
        nothing_yet(
            "There is no model yet.", "captchalab pipeline --preset digits4", "This trains one and makes it champion:"
        )
        return
    uri, beside = _model(choices)
    try:
        solver = solvers.solver(uri)
    except CaptchaError as error:
        st.error(f"This model cannot be used. {markdown(error)}", icon=":material/gpp_bad:")
        st.caption("Choose another model above, or train it anew.")
        return
    taken = inputs.show(solver)
    for refused in taken.refused[:10]:
        st.warning(f"**{markdown(refused.name)}**: {markdown(refused.reason)}", icon=":material/block:")
    if len(taken.refused) > 10:
        st.caption(f"and {len(taken.refused) - 10} more files that were refused.")
    if not taken.items:
        return
    readings = solving.read(solver, taken.items)
    if len(readings) == 1:
        answer.show(solver, readings[0], inputs.drawn_text(readings[0].item.media))
    else:
        _batch(solver, readings)
    if beside:
        _beside(models, uri, readings)


def model_choices(models: Sequence[ModelRecord]) -> dict[str, str]:
    """Return addresses and how they are written, champions first, then other aliases, then plain versions."""
    choices: dict[str, str] = {}
    for alias in ORDER:
        for model in models:
            if version := model.behind(alias):
                choices[f"models:/{model.name}@{alias}"] = f"{model.name} · {alias} (version {version.version})"
    for model in models:
        for version in model.versions:
            choices[version.uri] = f"{model.name} · version {version.version}"
    return choices


def _model(choices: dict[str, str]) -> tuple[str, bool]:
    asked = st.query_params.get("model")
    if asked and asked not in choices:
        st.warning(
            f"The link names the model {markdown(asked[:100])}, which is not here. Choose one of these.",
            icon=":material/link_off:",
        )
    uris = list(choices)
    left, right = st.columns([4, 2], vertical_alignment="bottom")
    chosen = left.selectbox(
        "Model",
        uris,
        index=uris.index(asked) if asked in choices else 0,
        format_func=lambda uri: choices.get(uri, uri),
        key="model-choice",
    )
    beside = right.toggle("All models side by side", key="beside", bind="query-params")
    if st.query_params.get("model") != chosen:
        st.query_params["model"] = chosen
    return chosen, beside


def _batch(solver: Solver, readings: Sequence[Reading]) -> None:
    read = [reading for reading in readings if reading.answer]
    left, right = st.columns([4, 1], vertical_alignment="center")
    mean = sum(reading.answer.elapsed_ms for reading in read if reading.answer) / max(1, len(read))
    left.markdown(f"**{count(len(read), 'captcha')} read** of {len(readings)}, {mean:.2f} ms each")
    frame = solving.batch_table(readings)
    right.download_button(
        "CSV", csv(frame), "answers.csv", "text/csv", icon=":material/download:", on_click="ignore", width="stretch"
    )
    pages = -(-len(readings) // PER_PAGE)
    current = st.pagination(pages, key="gallery-page") if pages > 1 else 1
    shown = readings[(current - 1) * PER_PAGE : current * PER_PAGE]
    looked_at = [reading for reading in shown if reading.item.kind == "image"]
    cards = [pictures.card(one.item.media, one.item.name, one.answer, one.fault) for one in looked_at]
    if cards:
        st.html(pictures.gallery(cards))
    clips.answers([reading for reading in shown if reading.item.kind == "audio"])
    with st.expander("As a table"):
        _table(frame)
    if read:
        with st.expander("Correct what was read wrong"):
            correction.many(solver, readings)


def _beside(models: Sequence[ModelRecord], uri: str, readings: Sequence[Reading]) -> None:
    """Let the champions, and the challengers that differ from them, read the same captchas."""
    kind = readings[0].item.kind
    items = [reading.item for reading in readings]
    rows = list(readings)
    for other in others(models, uri):
        try:
            solver = solvers.solver(other)
        except CaptchaError as error:
            st.caption(f"{markdown(other)} cannot be used: {markdown(error)}")
            continue
        if _fits(solver, kind):
            rows += solving.read(solver, items)
    st.subheader("Side by side", anchor=False, divider="gray")
    _table(solving.batch_table(sorted(rows, key=lambda row: items.index(row.item))))


def others(models: Sequence[ModelRecord], uri: str) -> list[str]:
    """Return the addresses to put beside one: every champion, and challengers that are other versions."""
    found = []
    for model in models:
        seen = set()
        for alias in ("champion", "challenger"):
            version = model.behind(alias)
            if version and version.version not in seen:
                seen.add(version.version)
                found.append((f"models:/{model.name}@{alias}", version.uri))
    return [address for address, plain in found if uri not in (address, plain)][:MOST_MODELS]


def _fits(solver: Solver, kind: str) -> bool:
    return solver.spec.media == kind


def _table(frame: pd.DataFrame) -> None:
    column = st.column_config
    st.dataframe(
        frame,
        hide_index=True,
        column_config={
            "file": column.TextColumn("File"),
            "text": column.TextColumn("Text"),
            "confidence": column.ProgressColumn("Confidence", min_value=0, max_value=1, format="percent"),
            "weakest character": column.NumberColumn("Weakest character", format="percent"),
            "milliseconds": column.NumberColumn("ms", format="%.2f"),
            "model": column.TextColumn("Model"),
            "fault": column.TextColumn("Fault"),
        },
    )
