"""The pages by name, and addresses that lead to them: each can be sent to somebody else."""

import importlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlencode

import streamlit as st

from dashboard.widgets.text import count, markdown

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its name is its address, and ``dashboard/NAME/page.py`` shows it unless ``folder`` names another."""

    name: str
    title: str
    icon: str
    section: str = ""
    folder: str = ""
    hidden: bool = False  # reached by links alone


PAGES = (
    Page("home", "Home", ":material/home:"),
    Page("runs", "Runs", ":material/table_rows:", "Experiments"),
    Page("run", "Run", ":material/monitoring:", "Experiments", hidden=True),
    Page("compare", "Compare", ":material/compare_arrows:", "Experiments"),
    Page("tune", "Tune", ":material/tune:", "Experiments"),
    Page("mistakes", "Mistakes", ":material/troubleshoot:", "Experiments"),
    Page("solve", "Solve", ":material/pin_invoke:", "Captchas"),
    Page("data", "Data", ":material/database:", "Captchas", "data_sets"),
    Page("strength", "Strength", ":material/shield:", "Captchas"),
    Page("you", "You against the model", ":material/timer:", "Captchas"),
    Page("label", "Label", ":material/edit_note:", "Captchas"),
    Page("audit", "Audit", ":material/rule:", "Captchas"),
    Page("drift", "Drift", ":material/trending_up:", "Models"),
    Page("registry", "Registry", ":material/inventory_2:", "Models"),
)


def page(name: str) -> "StreamlitPage":
    """Return the page of a name; its module is imported when it is shown."""
    one = next(one for one in PAGES if one.name == name)
    show, first = _shower(one.folder or name), one is PAGES[0]
    seen: Literal["visible", "hidden"] = "hidden" if one.hidden else "visible"
    return st.Page(show, title=one.title, icon=one.icon, url_path=name, default=first, visibility=seen)


def _shower(folder: str) -> Callable[[], None]:
    def show() -> None:
        importlib.import_module(f"dashboard.{folder}.page").show()

    return show


def sections() -> dict[str, list["StreamlitPage"]]:
    """Return the pages as the navigation lists them."""
    listed: dict[str, list[StreamlitPage]] = {}
    for one in PAGES:
        listed.setdefault(one.section, []).append(page(one.name))
    return listed


def address(name: str, **parameters: str) -> str:
    """Return the address of a page with parameters, relative to the dashboard."""
    known = {key: value for key, value in parameters.items() if value}
    return f"./{name}" + (f"?{urlencode(known, safe=',:/@')}" if known else "")


def link(name: str, label: str, icon: str | None = None, **parameters: str) -> None:
    """Show a link to a page."""
    known = {key: value for key, value in parameters.items() if value}
    st.page_link(page(name), label=label, icon=icon, query_params=known or None)


def choose(
    label: str,
    options: Sequence[str],
    parameter: str,
    noun: str,
    key: str,
    format_func: Callable[[str], str] = str,
    where: Any = st,
) -> str:
    """Let one of several be chosen; the page's address names it, and a link that names another gets a warning.

    Args:
        label: Of the field.
        options: What can be chosen; the first one is by default.
        parameter: Of the address.
        noun: What is chosen, for the warning.
        key: Of the field.
        format_func: How an option is written.
        where: The column that the field stands in.
    """
    asked = st.query_params.get(parameter, "")
    if asked and asked not in options:
        st.warning(
            f"The link names the {noun} {markdown(asked[:100])}, which is not here. Choose one of these.",
            icon=":material/link_off:",
        )
    index, written = options.index(asked) if asked in options else 0, f"{key}-address"
    if asked in options and asked != st.session_state.get(written, asked):
        st.session_state[key], index = asked, 0  # a link to the page that is shown: newer than what was chosen on it
    chosen = str(where.selectbox(label, options, index, key=key, format_func=format_func))
    st.session_state[written] = chosen
    if st.query_params.get(parameter) != chosen:
        st.query_params[parameter] = chosen
    return chosen


def warn_of_missing(run_ids: Sequence[str]) -> None:
    """Say that a link names runs that are not here."""
    names = markdown(", ".join(one[:12] for one in run_ids[:3]))
    st.warning(
        f"{count(len(run_ids), 'run')} of this link {'is' if len(run_ids) == 1 else 'are'} not here ({names}): "
        "deleted, or of another tracking server.",
        icon=":material/link_off:",
    )


def ids_in_address(key: str) -> list[str]:
    """Return the comma-separated ids of a parameter, each once, at most 20."""
    return split_ids(st.query_params.get(key, ""))


def split_ids(text: str) -> list[str]:
    """Return the ids of a text with commas, each once, at most 20."""
    return list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))[:20]


def write_to_address(key: str, values: Iterable[str]) -> None:
    """Put ids into the page's address, so that copying it copies the selection."""
    text = ",".join(values)
    if text:
        if st.query_params.get(key) != text:
            st.query_params[key] = text
    elif key in st.query_params:
        del st.query_params[key]
