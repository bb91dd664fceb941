"""Data: what is in each data set, and whether it can be trusted."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from captcha_core.dataset.store import Dataset
from captcha_core.errors import CaptchaError
from dashboard import pages as links
from dashboard.data_sets import contents, importing
from dashboard.data_sets.contents import DataSetSummary
from dashboard.frame import chart, csv_button, heading, in_columns, nothing_yet, sentence_case, tabs
from dashboard.home import background
from dashboard.tracking import data, gallery
from dashboard.widgets import charts, pictures
from dashboard.widgets.text import count, markdown, plain, share

PER_PAGE = 24
DRAWN = "digits4"  # the scheme that fills an empty page


def show() -> None:
    """Show the data set that the address names."""
    heading("Data", "What is in each data set: its kind, its balance, its samples, and whether its splits are apart.")
    folders = gallery.folders()
    if not folders:
        nothing_yet(
            "There is no data set below data/ yet.",
            "captchalab generate --scheme digits4 --count 10000 --seed 1 --out data/digits4\n"
            "captchalab import FOLDER --out data/mine",
            "Upload captchas of your own, or draw some.",
            _fill,
        )
        return
    with st.expander("Add a data set"):
        _fill()
    folder = _choose(folders)
    try:
        dataset = Dataset.open(folder)
        summary = contents.summarise(str(folder), dataset.digest)
    except CaptchaError as error:
        st.error(f"This data set cannot be read. {markdown(plain(error))}", icon=":material/broken_image:")
        return
    _facts(dataset, summary)
    views: dict[str, Callable[[], None]] = {
        "Samples": lambda: _samples(dataset, summary),
        "Balance": lambda: _balance(summary),
        "Repetitions": lambda: _repetitions(dataset, summary),
        "Runs": lambda: _runs(dataset),
    }
    tabs(views, "look")


def _fill() -> None:
    """Show the ways to a data set: a button that draws one, and files of one's own."""
    draw = ("generate", "--scheme", DRAWN, "--count", "2000", "--seed", "1", "--out", f"data/{DRAWN}")
    if not (gallery.DATA / DRAWN).exists():
        background.start_button(f"Draw 2,000 captchas ({DRAWN})", draw, ":material/draw:", "draw-set")
    importing.show()


def _choose(folders: list[Path]) -> Path:
    names = [folder.name for folder in folders]
    name = links.choose("Data set", names, "set", "data set", "dataset")
    return folders[names.index(name)]


def _facts(dataset: Dataset, summary: DataSetSummary) -> None:
    st.markdown(f"{markdown(contents.describe(dataset.spec))}. {markdown(contents.origin(dataset))}.")
    counts = [(split.capitalize(), f"{number:,}", "samples") for split, number in dataset.counts.items()]
    st.html(
        pictures.facts(
            [
                *counts,
                *([("Not labelled", f"{summary.unlabelled:,}", "")] if summary.unlabelled else []),
                ("Repeated", f"{summary.repeated():,}", "the same file twice"),
                ("Leaked", f"{summary.leaked():,}", "of train, in validation or test"),
                ("Texts known", share(summary.shared_texts(), 1), "of test, in other pictures of train"),
            ]
        )
    )
    if summary.leaked():
        st.warning(
            "Samples of the train split are in the validation or test split too: figures on them are too good. Import "
            "the data again; a split by content keeps equal files together.",
            icon=":material/water_drop:",
        )
    if not summary.complete:
        st.caption(f"This data set is large: splits beyond {contents.MOST_ROWS:,} samples were not looked through.")
    st.caption(f"Digest `{dataset.digest}`")
    with st.container(horizontal=True):
        if summary.unlabelled < sum(dataset.counts.values()):
            train = ("pipeline", "--data", dataset.path.as_posix(), "--minutes", f"{background.DEMO_MINUTES:g}")
            background.start_button(f"Train on it ({background.DEMO_MINUTES:g} minutes)", train, key="train-on")
        else:
            links.link("label", "Label it first", ":material/edit_note:", set=dataset.path.name)
        check = st.button("Check every byte", icon=":material/fact_check:")
    if check:
        with st.spinner("reading every shard"):
            dataset.verify()
        st.success("Every byte is as it was written.", icon=":material/verified:")


def _samples(dataset: Dataset, summary: DataSetSummary) -> None:
    left, right = st.columns([2, 3], vertical_alignment="bottom")
    splits = [split for split in dataset.counts if split in summary.labels]
    split = left.segmented_control("Split", splits, default=splits[0], required=True, key="split", bind="query-params")
    text = right.text_input("Text", key="holds", placeholder="a part of the text", bind="query-params")
    places = contents.matching(summary.labels[split], text or "")
    if not places:
        st.info("No sample of this split holds that text.", icon=":material/search_off:")
        return
    pages = -(-len(places) // PER_PAGE)
    current = st.pagination(pages, key="samples-page") if pages > 1 else 1
    shown = contents.page_of(dataset, split, places[(current - 1) * PER_PAGE : current * PER_PAGE])
    if dataset.spec.media == "image":
        st.html(pictures.gallery([pictures.sample_card(one.media, one.text, one.path) for one in shown]))
        return
    for column, one in in_columns(3, shown):
        column.audio(one.media)
        column.caption(f"**{markdown(one.text or 'not labelled')}** {markdown(one.path)}")


def _balance(summary: DataSetSummary) -> None:
    characters, lengths = summary.characters(), summary.lengths()
    if characters.empty:
        st.info("Nothing is labelled yet.", icon=":material/label_off:")
        return
    figure = charts.columns(characters, "character", "count", "split", "How often each character occurs")
    chart(figure, "characters", characters)
    if lengths["length"].nunique() > 1:
        figure = charts.columns(lengths, "length", "count", "split", "How long the texts are")
        chart(figure, "lengths", lengths)
    else:
        st.caption(f"Every text has {count(int(lengths['length'].iloc[0]), 'character')}.")


def _repetitions(dataset: Dataset, summary: DataSetSummary) -> None:
    table = summary.repetitions()
    if table.empty:
        st.success("No file is in it twice.", icon=":material/verified:")
        return
    st.markdown(
        f"**{count(len(table), 'file')}** more than once: {table['leaks'].sum():,} of them in train and in another "
        f"split, {table['disagree'].sum():,} with labels that contradict one another."
    )
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            **sentence_case(table),
            "id": st.column_config.TextColumn("Content hash"),
            "leaks": st.column_config.CheckboxColumn("Leaks"),
            "disagree": st.column_config.CheckboxColumn("Labels differ"),
        },
    )
    csv_button(table, "repetitions.csv")
    shown = gallery.in_folder(dataset.path, tuple(table["id"][:PER_PAGE]))
    if dataset.spec.media == "image":
        rows = [row for row in table[:PER_PAGE].to_dict("records") if row["id"] in shown]
        st.html(pictures.gallery([pictures.sample_card(shown[row["id"]], row["texts"], row["splits"]) for row in rows]))


def _runs(dataset: Dataset) -> None:
    using = contents.used_by(dataset.digest, data.runs(data.tracking()))
    if not using:
        st.info(
            "No run has learnt from it yet: train on it above, or in a terminal.", icon=":material/hourglass_empty:"
        )
        st.code(f"captchalab train --data {dataset.path.as_posix()}", language=None)
        return
    st.markdown(f"**{count(len(using), 'run')}** learnt from exactly these samples.")
    for run in using[:20]:
        links.link(
            "run",
            markdown(f"{run.short} · {share(run.tested, n=run.tested_n)}"),
            ":material/chevron_right:",
            run=run.id,
        )
