"""Mistakes: what a run read wrong, grouped by what was taken for what."""

from collections import Counter
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from captcha_core.evaluation.metrics import align
from captcha_core.tracking.names import Artifact, Param
from dashboard import pages as links
from dashboard.compare.comparison import mistake
from dashboard.frame import chart, csv_button, heading, nothing_yet
from dashboard.home import background
from dashboard.tracking import data, gallery
from dashboard.tracking.records import RunRecord
from dashboard.widgets import charts, clips
from dashboard.widgets.text import count, share

PER_PAGE = 24


def show() -> None:
    """Show the mistakes of the run that the address names."""
    uri = data.tracking()
    heading("Mistakes", "What a run read wrong on its test samples, the surest mistakes first.")
    runs = [run for run in data.runs(uri) if run.tested is not None]
    if not runs:
        nothing_yet(
            "No run has been evaluated yet.", "captchalab pipeline --preset digits4", fill=background.first_model
        )
        return
    run = _choose(runs)
    predictions = data.table(uri, run.id, Artifact.PREDICTIONS)
    wrong = wrong_ones(predictions)
    st.markdown(
        f"**{count(len(wrong), 'mistake')}** in {len(predictions):,} samples: "
        f"exact match {share(1 - len(wrong) / max(1, len(predictions)), n=len(predictions))}"
    )
    if wrong.empty:
        st.success("It read every one of them.", icon=":material/celebration:")
        return
    _pairs(wrong)
    found = _search(wrong)
    _gallery(uri, run, found)


def _choose(runs: Sequence[RunRecord]) -> RunRecord:
    by_id = {run.id: run for run in runs}

    def label(run_id: str) -> str:
        return f"{by_id[run_id].short} · {share(by_id[run_id].tested, n=by_id[run_id].tested_n)}"

    return by_id[links.choose("Run", list(by_id), "run", "run", "mistaken", label)]


def _pairs(wrong: pd.DataFrame) -> None:
    counted = by_pair(wrong)
    chart(charts.bars(counted.head(14), "mistake", "count"), "pairs", counted)


def _search(wrong: pd.DataFrame) -> pd.DataFrame:
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    pairs = [str(pair) for pair in by_pair(wrong)["mistake"]]
    pair = left.selectbox("Kind of mistake", pairs, None, key="pair", placeholder="every kind", bind="query-params")
    text = right.text_input("Text", key="text", placeholder="a part of the true or the read text", bind="query-params")
    return search(wrong, pair or "", text or "")


def _gallery(uri: str, run: RunRecord, found: pd.DataFrame) -> None:
    if found.empty:
        st.info("No mistake fits this search.", icon=":material/search_off:")
        return
    left, right = st.columns([4, 1], vertical_alignment="center")
    pages = -(-len(found) // PER_PAGE)
    with left:
        current = st.pagination(pages, key="mistakes-page") if pages > 1 else 1
    csv_button(found[["path", "text", "read", "confidence"]], "mistakes.csv", right, width="stretch")
    shown = found.iloc[(current - 1) * PER_PAGE : current * PER_PAGE].to_dict("records")
    media = gallery.media_of(uri, run.id, tuple(row["id"] for row in shown))
    media = gallery.with_worst(uri, run.id, shown, media)
    clips.mistakes(shown, media, is_audio := run.params.get(Param.MEDIA) == "audio")
    if not (media or is_audio):
        st.caption("The pictures are in a data set that is not on this machine; only the worst are kept with the run.")


def wrong_ones(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return the samples that were read wrong, the surest first, with the ``kinds`` of mistakes in each."""
    wrong = predictions[predictions["text"] != predictions["read"]].copy()
    wrong["kinds"] = [kinds(text, read) for text, read in zip(wrong["text"], wrong["read"], strict=True)]
    return wrong.sort_values("confidence", ascending=False, kind="stable")


def kinds(text: str, read: str) -> tuple[str, ...]:
    """Return the mistakes between a text and what was read, in words, each once."""
    return tuple(dict.fromkeys(mistake(true, taken) for true, taken in align(text, read) if true != taken))


def by_pair(wrong: pd.DataFrame) -> pd.DataFrame:
    """Return in how many samples each kind of mistake occurs, the most frequent first: ``mistake``, ``count``."""
    counts = Counter(kind for row in wrong["kinds"] for kind in row)
    rows = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return pd.DataFrame(rows, columns=["mistake", "count"])


def search(wrong: pd.DataFrame, kind: str, text: str) -> pd.DataFrame:
    """Return the mistakes of a kind (empty: all) in whose text or answer a text occurs (empty: all)."""
    chosen = pd.Series(True, index=wrong.index)
    if kind:
        chosen &= pd.Series([kind in row for row in wrong["kinds"]], index=wrong.index, dtype=bool)
    if text:
        chosen &= pd.Series(
            [text in true or text in read for true, read in zip(wrong["text"], wrong["read"], strict=True)],
            index=wrong.index,
            dtype=bool,
        )
    return wrong[chosen]
