"""Audit: what may be wrong with a data set, worst first; Enter keeps a doubted label, typing corrects it."""

from collections import Counter
from typing import Any

import pandas as pd
import streamlit as st

from captcha_core.audit.finding import MEANING
from captcha_core.dataset.store import Dataset
from captcha_core.errors import CaptchaError
from captcha_core.tracking.provenance import user
from dashboard import access, pages
from dashboard.audit import review
from dashboard.audit.review import Doubt, ReviewSession
from dashboard.frame import heading, in_columns, nothing_yet, sentence_case
from dashboard.home import background
from dashboard.tracking import data, gallery
from dashboard.widgets import pictures
from dashboard.widgets.label_box import label_box
from dashboard.widgets.text import count, markdown, plain

SESSION = "audit-session"
SHOWN = 24  # findings with pictures


def show() -> None:
    """Show the newest audit of the chosen data set."""
    heading(
        "Audit",
        "What may be wrong with a data set, worst first. Of doubted labels, Enter keeps one and typing corrects it.",
    )
    uri = data.tracking()
    audits = review.newest_audits(data.runs(uri))
    sets = {dataset.path.name: dataset for dataset in _data_sets() if dataset.digest in audits}
    if not sets:
        nothing_yet(
            "No data set below data/ was audited yet.",
            "captchalab audit data/mine --out audit.html",
            "Let its labels be read by a reader that never saw them, and its pictures be compared.",
            _fill,
        )
        return
    with st.expander("Audit a data set"):
        _fill()
    dataset = sets[pages.choose("Data set", list(sets), "set", "data set", "audit-set")]
    run = audits[dataset.digest]
    try:
        findings = review.findings_of(uri, run)
    except data.Missing as error:
        st.error(markdown(plain(error)), icon=":material/broken_image:")
        return
    st.caption(f"{markdown(run.note)} Run {run.short}.")
    kinds = Counter(one["kind"] for one in findings)
    st.html(pictures.facts([(kind.capitalize(), f"{kinds[kind]:,}", MEANING[kind]) for kind in MEANING if kinds[kind]]))
    if any(kinds[kind] for kind in review.DOUBTED):
        _review(dataset, findings)
    _list(dataset, findings)


def _fill() -> None:
    """Show the button that audits a data set, or the way to one."""
    folders = gallery.folders()
    if not folders:
        pages.link("data", "Add a data set first", ":material/database:")
        return
    folder = st.selectbox("Data set", folders, format_func=lambda one: str(one.name), key="to-audit")
    background.start_button("Audit it", ("audit", folder.as_posix(), "--out", f"audit-{folder.name}.html"))


def _data_sets() -> list[Dataset]:
    found = []
    for folder in gallery.folders():
        try:
            found.append(Dataset.open(folder))
        except CaptchaError:
            continue
    return found


def _review(dataset: Dataset, findings: list[dict[str, Any]]) -> None:
    if not access.may_change():
        st.info(access.WHY_NOT, icon=":material/lock:")
        return
    session = st.session_state.get(SESSION)
    if session is None or session.folder != str(dataset.path):
        session = st.session_state[SESSION] = ReviewSession(str(dataset.path), "")
    session.who = access.who() or user()
    doubt = review.next_doubt(session, dataset, findings)
    if doubt is None:
        st.success("Every doubted label has been looked at.", icon=":material/task_alt:")
        path = dataset.path.as_posix()
        st.code(f"captchalab audit {path} --fix {path}-2", language=None)
        return
    _show_captcha(dataset, doubt)
    entered = label_box(session.turn, doubt.text, dataset.spec.max_length)
    if session.fault:
        st.warning(markdown(session.fault), icon=":material/edit_off:")
    st.caption(f"{markdown(doubt.message)}. {count(doubt.left, 'doubted label')} left.")
    if entered is not None and entered.get("turn") == session.turn:
        review.act(session, dataset, doubt, str(entered.get("action")), str(entered.get("text", "")))
        st.rerun()


def _show_captcha(dataset: Dataset, doubt: Doubt) -> None:
    media = gallery.in_folder(dataset.path, [doubt.id]).get(doubt.id)
    if media is None:
        st.info("This captcha is not in the data set any more.", icon=":material/search_off:")
    elif dataset.spec.media == "image":
        st.html(pictures.picture(media, "the captcha whose label is doubted", "cl-picture cl-label"))
    else:
        st.audio(media)


def _list(dataset: Dataset, findings: list[dict[str, Any]]) -> None:
    st.subheader("Worst first")
    table = pd.DataFrame(
        [
            {
                "kind": one["kind"],
                "what": one["message"],
                "captchas": len(one["captchas"]),
                "first": next((captcha["file"] or captcha["id"][:12] for captcha in one["captchas"]), ""),
            }
            for one in findings
        ],
        columns=["kind", "what", "captchas", "first"],
    )
    st.dataframe(table, hide_index=True, column_config=sentence_case(table))
    firsts = [(one, one["captchas"][0]) for one in findings if one["captchas"]][:SHOWN]
    media = gallery.in_folder(dataset.path, [captcha["id"] for _, captcha in firsts])
    shown = [(one, captcha) for one, captcha in firsts if captcha["id"] in media]
    if dataset.spec.media == "image":
        st.html(pictures.gallery([_card(one, captcha, media[captcha["id"]]) for one, captcha in shown]))
        return
    for column, (one, captcha) in in_columns(3, shown):
        column.audio(media[captcha["id"]])
        column.caption(f"**{markdown(captcha['text'] or 'not labelled')}** {markdown(one['message'])}")


def _card(one: dict[str, Any], captcha: dict[str, Any], media: bytes) -> str:
    """Return a captcha as its finding has it: a doubted label above what is read, any other with its kind."""
    if one.get("proposal"):
        return pictures.versus_card(media, [("label", captcha["text"] or ""), ("read", one["proposal"])])
    return pictures.sample_card(media, captcha["text"], f"{one['kind']}: {one['message']}")
