"""Strength: assessments of captchas side by side, and what each says in detail."""

import streamlit as st

from dashboard import pages
from dashboard.frame import chart, heading, nothing_yet, sentence_case
from dashboard.strength import assessments, start
from dashboard.strength.assessments import Assessed
from dashboard.tracking import data
from dashboard.widgets.text import file_name, markdown

SHARES = ("strongest reads", "from", "to")
MOST = 6  # lines in a chart


def show() -> None:
    """Show all assessments, and one of them in detail."""
    uri = data.tracking()
    heading("Strength", "How hard each captcha is: who breaks it, at what rate and cost, and what to change.")
    found = assessments.assessments(uri)
    if not found:
        nothing_yet(
            "No captcha has been assessed yet.",
            "captchalab assess digits4 --hours 1",
            "Let machines try to break one of yours, or one that is drawn here.",
            start.form,
        )
        return
    with st.expander("Assess a captcha"):
        start.form()
    table = assessments.overview(found)
    percent = st.column_config.NumberColumn(format="percent")
    st.dataframe(table, hide_index=True, column_config=sentence_case(table, dict.fromkeys(SHARES, percent)))
    chart(assessments.by_labels(found[:MOST]), "by-labels")
    by_name = {one.name: one for one in found}
    _detail(uri, by_name[pages.choose("Assessment", list(by_name), "assessment", "assessment", "assessed")])


def _detail(uri: str, one: Assessed) -> None:
    said = one.found["verdict"]
    st.markdown(f"**{markdown(said['sentence'])}**")
    for number, step in enumerate(said.get("steps", []), 1):
        st.markdown(f"{number}. {markdown(step)}")
    gets = assessments.refreshing(one)
    st.dataframe(gets, hide_index=True, column_config=sentence_case(gets), height="content")
    if one.found.get("knobs"):
        chart(assessments.by_knob(one), "by-knob")
    report = data.artifact(uri, one.run.id, assessments.REPORT)
    st.download_button(
        "Download the report", report.read_bytes(), f"{file_name(one.found['name'])}.html", "text/html",
        icon=":material/download:", on_click="ignore", key="report",
    )  # fmt: skip
