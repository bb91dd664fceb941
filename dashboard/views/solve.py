"""Solve: hand in captchas, see what a model reads and how sure it is of each character."""

from collections.abc import Sequence

import streamlit as st

from captcha_core.errors import CaptchaError
from dashboard import data, pictures, solvers, solving
from dashboard.frame import heading, nothing_yet
from dashboard.records import ModelRecord
from dashboard.solving import Reading
from dashboard.uploads import MAX_MB, Intake, take
from dashboard.words import count, csv, markdown, share

TYPES = ["png", "jpg", "jpeg", "gif", "bmp", "webp", "wav", "flac", "ogg", "mp3", "zip"]
ORDER = ("champion", "challenger", "previous")
PER_PAGE = 24


def show() -> None:
    heading("Solve", "Hand in captchas and see what a model reads, how sure it is of each character, and how fast.")
    models = data.models(data.tracking())
    choices = model_choices(models)
    if not choices:
        nothing_yet(
            "There is no model yet.", "captchalab pipeline --preset digits4", "This trains one and makes it champion:"
        )
        return
    uri = _model(choices)
    intake = _intake()
    for refused in intake.refused[:10]:
        st.warning(f"**{markdown(refused.name)}**: {markdown(refused.reason)}", icon=":material/block:")
    if len(intake.refused) > 10:
        st.caption(f"and {len(intake.refused) - 10} more files that were refused.")
    if not intake.items:
        return
    try:
        solver = solvers.solver(uri)
    except CaptchaError as error:
        st.error(f"This model cannot be used. {markdown(error)}", icon=":material/gpp_bad:")
        st.caption("Choose another model above, or train it anew.")
        return
    readings = solving.read(solver, intake.items)
    if len(readings) == 1:
        _single(readings[0])
    else:
        _batch(readings)


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


def _model(choices: dict[str, str]) -> str:
    asked = st.query_params.get("model")
    if asked and asked not in choices:
        st.warning(
            f"The link names the model {markdown(asked[:100])}, which is not here. Choose one of these.",
            icon=":material/link_off:",
        )
    uris = list(choices)
    chosen = st.selectbox(
        "Model",
        uris,
        index=uris.index(asked) if asked in choices else 0,
        format_func=lambda uri: choices.get(uri, uri),
        key="model-choice",
    )
    st.query_params["model"] = chosen
    return chosen


def _intake() -> Intake:
    uploaded = st.file_uploader(
        "Images, clips or a zip of them",
        type=TYPES,
        accept_multiple_files=True,
        max_upload_size=MAX_MB,
        key="uploads",
    )
    return take([(file.name, file.getvalue()) for file in uploaded])


def _single(reading: Reading) -> None:
    left, right = st.columns([5, 6], gap="large")
    with left:
        if reading.item.kind == "image":
            st.html(pictures.picture(reading.item.media, reading.item.name, "cl-picture cl-large"))
        else:
            st.audio(reading.item.media)
        st.caption(markdown(reading.item.name))
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


def _batch(readings: Sequence[Reading]) -> None:
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
    cards = "".join(
        pictures.card(reading.item.media, reading.item.name, reading.answer, reading.fault) for reading in shown
    )
    st.html(f'<div class="cl-gallery">{cards}</div>')
    with st.expander("As a table"):
        column = st.column_config
        st.dataframe(
            frame,
            hide_index=True,
            column_config={
                "confidence": column.ProgressColumn("confidence", min_value=0, max_value=1, format="percent"),
                "weakest character": column.NumberColumn(format="percent"),
                "milliseconds": column.NumberColumn(format="%.2f"),
            },
        )
