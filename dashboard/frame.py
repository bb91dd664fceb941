"""What surrounds every page: its heading, its look, and what is said when something goes wrong."""

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path

import streamlit as st

from captcha_core.errors import CaptchaError
from dashboard.tracking import data
from dashboard.widgets.text import markdown

log = logging.getLogger("captchalab.dashboard")
TOLD = "told"
STYLE = Path(__file__).parent / "style.css"


def dress() -> None:
    """Add the styles that Streamlit's theme has no words for."""
    st.html(STYLE)


def heading(title: str, caption: str = "") -> None:
    st.title(title, anchor=False)
    if caption:
        st.caption(caption)
    if told := st.session_state.pop(TOLD, ""):
        st.success(markdown(told), icon=":material/check_circle:")


def tell(sentence: str) -> None:
    """Say after the next run of the page what was done in this one."""
    st.session_state[TOLD] = sentence


@contextlib.contextmanager
def guarded(whole_page: bool = False) -> Iterator[None]:
    """Show what goes wrong inside the block as a sentence and a way on; the traceback goes to the log.

    Args:
        whole_page: Whether the block is all of the page: then there is a button to try it again.
    """
    try:
        yield
    except data.DataAway as error:
        st.error(f"**MLflow does not answer.** {markdown(error)}", icon=":material/cloud_off:")
        st.caption(
            "The pages read the tracking server that `MLFLOW_TRACKING_URI` names, by default `sqlite:///mlflow.db` in "
            "the folder where the dashboard was started. What is shown here comes back when it answers."
        )
        if whole_page:
            _again()
    except CaptchaError as error:
        st.warning(markdown(error), icon=":material/error:")
        if whole_page:
            _again()
    except Exception:
        log.exception("a page failed")
        st.error(
            "**This page met a fault of ours.** The details are in the terminal where the dashboard runs; other pages "
            "are not affected.",
            icon=":material/bug_report:",
        )
        if whole_page:
            _again()


def _again() -> None:
    if st.button("Try again", icon=":material/refresh:", key="try-again"):
        data.forget()
        st.rerun()


def nothing_yet(what: str, command: str, why: str = "") -> None:
    """Say that there is nothing to show, and the command that changes this."""
    with st.container(border=True, key=f"empty-{abs(hash(what))}"):
        st.markdown(f"**{what}**")
        if why:
            st.markdown(why)
        st.code(command, language="bash", wrap_lines=True)
