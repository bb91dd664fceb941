"""The pages by name, and addresses that lead to them: each can be sent to somebody else."""

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import streamlit as st

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage


@dataclass(frozen=True, slots=True)
class Place:
    """A page: its name is its address, and ``dashboard/NAME/page.py`` shows it unless ``folder`` names another."""

    name: str
    title: str
    icon: str
    section: str = ""
    folder: str = ""


PLACES = (
    Place("home", "Home", ":material/home:"),
    Place("runs", "Runs", ":material/table_rows:", "Experiments"),
    Place("compare", "Compare", ":material/compare_arrows:", "Experiments"),
    Place("tune", "Tune", ":material/tune:", "Experiments"),
    Place("mistakes", "Mistakes", ":material/troubleshoot:", "Experiments"),
    Place("solve", "Solve", ":material/pin_invoke:", "Captchas"),
    Place("data", "Data", ":material/database:", "Captchas", "data_sets"),
    Place("label", "Label", ":material/edit_note:", "Captchas"),
    Place("registry", "Registry", ":material/inventory_2:", "Models"),
)


def page(name: str) -> "StreamlitPage":
    """Return the page of a name; its module is imported when it is shown."""
    place = next(place for place in PLACES if place.name == name)
    show, first = _shower(place.folder or name), place is PLACES[0]
    return st.Page(show, title=place.title, icon=place.icon, url_path=name, default=first)


def _shower(folder: str) -> Callable[[], None]:
    def show() -> None:
        importlib.import_module(f"dashboard.{folder}.page").show()

    return show


def sections() -> dict[str, list["StreamlitPage"]]:
    """Return the pages as the navigation lists them."""
    listed: dict[str, list[StreamlitPage]] = {}
    for place in PLACES:
        listed.setdefault(place.section, []).append(page(place.name))
    return listed


def address(name: str, **parameters: str) -> str:
    """Return the address of a page with parameters, relative to the dashboard."""
    known = {key: value for key, value in parameters.items() if value}
    return f"./{name}" + (f"?{urlencode(known, safe=',:/@')}" if known else "")


def link(name: str, label: str, icon: str | None = None, **parameters: str) -> None:
    """Show a link to a page."""
    known = {key: value for key, value in parameters.items() if value}
    st.page_link(page(name), label=label, icon=icon, query_params=known or None)


def ids_in_address(key: str) -> list[str]:
    """Return the comma-separated ids of a parameter, each once, at most 20."""
    return split_ids(st.query_params.get(key, ""))


def split_ids(text: str) -> list[str]:
    return list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))[:20]


def keep_in_address(key: str, values: Iterable[str]) -> None:
    """Put ids into the page's address, so that copying it copies the selection."""
    text = ",".join(values)
    if text:
        if st.query_params.get(key) != text:
            st.query_params[key] = text
    elif key in st.query_params:
        del st.query_params[key]
