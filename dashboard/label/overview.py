"""All labels of a data set: a list with a filter, where two people disagree, and the data set that comes of them."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from captcha_core.dataset.labelling import rebuild
from captcha_core.dataset.labels import Label, LabelLog, latest
from captcha_core.dataset.store import Dataset
from dashboard import access, pages
from dashboard.frame import announce, csv_button
from dashboard.tracking import gallery
from dashboard.widgets import pictures
from dashboard.widgets.text import count, markdown, share

COLUMNS = ["id", "text", "guess", "confidence", "by", "who", "when", "others"]
STATES = {
    "all": lambda table: table["text"] == table["text"],
    "guess corrected": lambda table: table["guess"].ne("") & table["guess"].ne(table["text"]),
    "people disagree": lambda table: table["others"].ne(""),
    "by a model": lambda table: table["by"].eq("model"),
}
SHOWN = 24


def show(dataset: Dataset) -> None:
    """Show the labels of a data set and how far people agree, and offer the data set that they make."""
    labels, _ = LabelLog.of(dataset.path, dataset.spec).read()
    table = labels_table(labels)
    if table.empty:
        st.info("Nothing is labelled yet: read some first.", icon=":material/label_off:")
        return
    both, agree = agreement(labels)
    if both:
        st.markdown(
            f"**{count(both, 'captcha')}** read by two people or more; they agree on {share(agree / both, n=both)}."
        )
    found = _filtered(table)
    st.dataframe(found, hide_index=True, column_config=_columns(), height=min(38 + 35 * len(found), 430))
    with st.container(horizontal=True):
        csv_button(found, "labels.csv")
        export(dataset)
    shown = found.head(SHOWN)
    media = gallery.in_folder(dataset.path, tuple(shown["id"]))
    if dataset.spec.media == "image":
        rows = [row for row in shown.to_dict("records") if row["id"] in media]
        st.html(pictures.gallery([_card(row, media[row["id"]]) for row in rows]))


def labels_table(labels: Sequence[Label]) -> pd.DataFrame:
    """Return the labels that count, a row a captcha: those on which people disagree first, then the newest.

    ``others`` holds what other people read in the same captcha, where that differs.
    """
    read = _read_by_hand(labels)
    rows = []
    for label in latest(labels).values():
        if label.text is None:
            continue
        apart = {who: text for who, text in read.get(label.id, {}).items() if text != label.text}
        others = ", ".join(f"{who}: {text}" for who, text in apart.items())
        sure = label.confidence
        rows.append((label.id, label.text, label.guess or "", sure, label.by, label.who, label.when, others))
    frame = pd.DataFrame(rows, columns=COLUMNS).sort_values("when", ascending=False, kind="stable")
    return frame.sort_values("others", key=lambda one: one.eq(""), kind="stable").reset_index(drop=True)


def agreement(labels: Sequence[Label]) -> tuple[int, int]:
    """Return how many captchas two people or more have read by hand, and on how many of them they agree."""
    both = [set(texts.values()) for texts in _read_by_hand(labels).values() if len(texts) > 1]
    return len(both), sum(len(texts) == 1 for texts in both)


def _read_by_hand(labels: Sequence[Label]) -> dict[str, dict[str, str]]:
    """Return what each person read last, by captcha and person."""
    read: dict[str, dict[str, str]] = {}
    for label in labels:
        if label.by == "hand" and label.text is not None:
            read.setdefault(label.id, {})[label.who] = label.text
    return read


def _filtered(table: pd.DataFrame) -> pd.DataFrame:
    text = st.text_input("Text or name", key="label-filter", placeholder="a part of it", bind="query-params")
    state = st.segmented_control("Show", list(STATES), default="all", required=True, key="label-state")
    found = table[STATES[state or "all"](table)]
    if text:
        holds = found[["text", "guess", "who"]].apply(lambda row: any(text in str(cell) for cell in row), axis=1)
        found = found[holds.astype(bool)]
    return found.reset_index(drop=True)


def _columns() -> dict[str, Any]:
    column = st.column_config
    return {
        "id": column.TextColumn("Captcha", width="small", help="Content hash"),
        "text": column.TextColumn("Label"),
        "guess": column.TextColumn("Guess"),
        "confidence": column.NumberColumn("Confidence", format="percent"),
        "by": column.TextColumn("By"),
        "who": column.TextColumn("Who"),
        "when": column.DatetimeColumn("When", format="distance"),
        "others": column.TextColumn("Others read"),
    }


def _card(row: Any, media: bytes) -> str:
    who = f"{row['who']}{' · ' + row['others'] if row['others'] else ''}"
    return pictures.sample_card(media, row["text"], who)


def export(dataset: Dataset) -> None:
    """Show the button that writes what is labelled as a data set of its own."""
    name = f"{dataset.path.name}-labelled"
    if st.button("Make a data set of them", icon=":material/database:", key="export-labels", **access.for_changes()):
        with st.spinner("writing"):
            built = rebuild(dataset, gallery.DATA / name)
        announce(f"{count(sum(built.counts.values()), 'labelled captcha')} in data/{markdown(name)}.")
        st.switch_page(pages.page("data"), query_params={"set": name})
