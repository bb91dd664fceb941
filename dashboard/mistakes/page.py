"""Mistakes: what a run read wrong, grouped by what was taken for what."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from captcha_core.tracking.names import Artifact, Param
from dashboard.frame import heading, nothing_yet
from dashboard.mistakes import mistakes
from dashboard.tracking import data, gallery
from dashboard.tracking.records import RunRecord
from dashboard.widgets import charts, clips, pictures
from dashboard.widgets.text import count, csv, markdown, share

PER_PAGE = 24


def show() -> None:
    uri = data.tracking()
    heading("Mistakes", "What a run read wrong on its test samples, the surest mistakes first.")
    runs = [run for run in data.runs(uri) if run.tested is not None]
    if not runs:
        nothing_yet("No run has been evaluated yet.", "captchalab pipeline --preset digits4", "Train one:")
        return
    run = _choose(runs)
    predictions = data.table(uri, run.id, Artifact.PREDICTIONS)
    wrong = mistakes.wrong_ones(predictions)
    st.markdown(
        f"**{count(len(wrong), 'mistake')}** in {len(predictions):,} samples: "
        f"exact match {share(1 - len(wrong) / max(1, len(predictions)))}"
    )
    if wrong.empty:
        st.success("It read every one of them.", icon=":material/celebration:")
        return
    _pairs(wrong)
    found = _search(wrong)
    _gallery(uri, run, found)


def _choose(runs: Sequence[RunRecord]) -> RunRecord:
    ids = [run.id for run in runs]
    asked = st.query_params.get("run", "")
    if asked and asked not in ids:
        st.warning(
            f"The link names the run {markdown(asked[:40])}, which is not here or was not evaluated. "
            "Choose one of these.",
            icon=":material/link_off:",
        )
    by_id = {run.id: run for run in runs}
    chosen = st.selectbox(
        "Run", ids, ids.index(asked) if asked in ids else 0, key="mistaken",
        format_func=lambda run_id: f"{by_id[run_id].short} · {share(by_id[run_id].tested)}",
    )  # fmt: skip
    if st.query_params.get("run") != chosen:
        st.query_params["run"] = chosen
    return by_id[chosen]


def _pairs(wrong: pd.DataFrame) -> None:
    counted = mistakes.by_pair(wrong)
    st.plotly_chart(charts.bars(counted.head(14), "mistake", "count"), key="pairs", config=charts.PLAIN)


def _search(wrong: pd.DataFrame) -> pd.DataFrame:
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    pairs = [str(pair) for pair in mistakes.by_pair(wrong)["mistake"]]
    pair = left.selectbox("Kind of mistake", pairs, None, key="pair", placeholder="every kind", bind="query-params")
    text = right.text_input("Text", key="text", placeholder="a part of what is there or was read", bind="query-params")
    return mistakes.search(wrong, pair or "", text or "")


def _gallery(uri: str, run: RunRecord, found: pd.DataFrame) -> None:
    if found.empty:
        st.info("No mistake fits this search.", icon=":material/search_off:")
        return
    left, right = st.columns([4, 1], vertical_alignment="center")
    pages = -(-len(found) // PER_PAGE)
    with left:
        current = st.pagination(pages, key="mistakes-page") if pages > 1 else 1
    right.download_button(
        "CSV", csv(found[["path", "text", "read", "confidence"]]), "mistakes.csv", "text/csv",
        icon=":material/download:", on_click="ignore", width="stretch",
    )  # fmt: skip
    shown = found.iloc[(current - 1) * PER_PAGE : current * PER_PAGE].to_dict("records")
    media = gallery.media_of(uri, run.id, tuple(row["id"] for row in shown))
    media = gallery.with_worst(uri, run.id, shown, media)
    if run.params.get(Param.MEDIA) == "audio":
        clips.mistakes(shown, media)
        return
    st.html(
        pictures.gallery(
            [
                pictures.mistake_card(media.get(row["id"]), row["text"], row["read"], row["confidence"], row["path"])
                for row in shown
            ]
        )
    )
    if not media:
        st.caption("The pictures are in a data set that is not on this machine; only the worst are kept with the run.")
