"""What pages share: heading and look, tabs and rows, the CSV button, and what is shown when something goes wrong."""

import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd
import streamlit as st

from captcha_core.errors import CaptchaError
from dashboard import access, jobs
from dashboard.tracking import data
from dashboard.widgets import charts
from dashboard.widgets.text import csv, file_name, markdown, plain

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

log = logging.getLogger("captchalab.dashboard")
ANNOUNCEMENT = "announcement"
STYLE = Path(__file__).parent / "style.css"
# Streamlit's list of pages has headings between its items, which is no list: read as plain links it is understood.
ROLES = """
export default function () {
  const items = '[data-testid="stSidebarNavItems"], [data-testid="stSidebarNavItems"] li';
  const put = () => document.querySelectorAll(items).forEach((one) => one.setAttribute("role", "presentation"));
  let frame = 0;
  const soon = () => { frame = frame || requestAnimationFrame(() => { frame = 0; put(); }); };
  const watch = new MutationObserver(soon);
  put();
  watch.observe(document.body, { childList: true, subtree: true });  // the sidebar itself is made anew at times
  return () => watch.disconnect();
}
"""
Shown = TypeVar("Shown")


def dress() -> None:
    """Add the styles that Streamlit's theme has no words for, and put the list of pages right for screen readers."""
    st.html(STYLE)
    with st.container(key="roles"):
        st.components.v2.component("captchalab_roles", js=ROLES)(key="roles-script")


def heading(title: str, caption: str = "") -> None:
    """Show the page's title, and what was done in its last run."""
    st.title(title, anchor=False)
    if caption:
        st.caption(caption)
    if announced := st.session_state.pop(ANNOUNCEMENT, ""):
        st.success(markdown(announced), icon=":material/check_circle:")


def announce(sentence: str) -> None:
    """Show a sentence above the page in its next run: what was done in this one."""
    st.session_state[ANNOUNCEMENT] = sentence


@contextlib.contextmanager
def guarded(whole_page: bool = False) -> Iterator[None]:
    """Show what goes wrong inside the block as a sentence and a way on; the traceback goes to the log.

    Args:
        whole_page: Whether the block is all of the page: then there is a button to try it again.
    """
    try:
        yield
    except data.MlflowUnavailable as error:
        st.error(f"**MLflow does not answer.** {markdown(plain(error))}", icon=":material/cloud_off:")
        st.caption(
            "The pages read the tracking server that `MLFLOW_TRACKING_URI` names, by default `sqlite:///mlflow.db` in "
            "the folder where the dashboard was started. What is shown here comes back when it answers."
        )
        if whole_page:
            again()
    except CaptchaError as error:
        st.warning(markdown(plain(error)), icon=":material/error:")
        if whole_page:
            again()
    except Exception:
        log.exception("a page failed")
        st.error(
            "**This page met a fault of ours.** The details are in the terminal where the dashboard runs; other pages "
            "are not affected.",
            icon=":material/bug_report:",
        )
        if whole_page:
            again()


def tabs(views: Mapping[str, Callable[[], None]], key: str) -> None:
    """Show views as tabs, of which the open one runs and is part of the page's address."""
    for tab, view in zip(
        st.tabs(list(views), key=key, on_change="rerun", bind="query-params"), views.values(), strict=True
    ):
        if tab.open:
            with tab, guarded():
                view()


def in_columns(number: int, things: Sequence[Shown]) -> Iterator[tuple[Any, Shown]]:
    """Give each thing a column, row by row."""
    for first in range(0, len(things), number):
        yield from zip(st.columns(number), things[first : first + number], strict=False)


def csv_button(frame: pd.DataFrame, name: str, where: Any = st, **options: Any) -> None:
    """Offer a table as a CSV file."""
    where.download_button(
        "Download CSV", lambda: csv(frame), name, "text/csv", icon=":material/download:", on_click="ignore", **options
    )


def chart(figure: "Figure", key: str, table: pd.DataFrame | None = None) -> None:
    """Show a figure with its tools (zoom, pan, save as PNG), and its values as a CSV file below it."""
    st.plotly_chart(figure, key=key, config=charts.tools(key))
    if table is not None:
        csv_button(table, f"{file_name(key)}.csv", type="tertiary", key=f"csv-{key}")


def sentence_case(frame: pd.DataFrame, config: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the columns' settings with their names as the table's heads: the first letter large, units in full."""
    known, heads = config or {}, {}
    for name in map(str, frame.columns):
        words = name.replace("ms", "milliseconds", 1) if name.split()[0] == "ms" else name
        heads[name] = {**known.get(name, {}), "label": words[:1].upper() + words[1:]}
    return heads


def again() -> None:
    """Offer to read everything anew."""
    if st.button("Try again", icon=":material/refresh:", key="try-again"):
        data.forget()
        st.rerun()


def stop_button(tags: Mapping[str, str], key: str, **options: Any) -> None:
    """Offer to stop the run that has these tags."""
    if st.button("Stop", icon=":material/stop:", key=key, **options, **access.for_changes()):
        if jobs.stop_run(tags):
            st.toast("It stops at the end of this step.", icon=":material/stop_circle:")
        else:
            st.warning("It runs on another machine, or not any more: stop it there.", icon=":material/cloud_off:")


def nothing_yet(what: str, command: str, why: str = "", fill: Callable[[], None] | None = None) -> None:
    """Say that there is nothing to show, with the button that changes this, and the command that does the same.

    Args:
        what: What is missing.
        command: What a terminal would be given.
        why: What will come of it.
        fill: Shows the button.
    """
    with st.container(border=True, key=f"empty-{abs(hash(what))}"):
        st.markdown(f"**{what}** {why}")
        if fill:
            fill()
            st.caption("Or in a terminal:")
        st.code(command, language=None, wrap_lines=True)
