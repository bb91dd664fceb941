"""Captchas of your own become a data set: upload them, look at what was found, import them. Part of the Data page.

What is uploaded lies in a folder of its own until it is imported; the import is that of ``captchalab import``.
"""

import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from captcha_core.errors import CaptchaError, DataError
from captcha_core.files import write_file
from dashboard import access, jobs, pages
from dashboard.frame import announce
from dashboard.tracking import gallery
from dashboard.widgets import pictures
from dashboard.widgets.text import count, file_name, listed, markdown, plain

if TYPE_CHECKING:
    from captcha_core.sources.folders import Listing
    from captcha_core.sources.import_survey import Survey
    from captcha_core.sources.labels.reading import Reading
    from captcha_core.spec.captcha import CaptchaSpec

UPLOADS = jobs.FOLDER / "uploads"
STORED, FOUND = "stored-files", "found-files"
SHOWN_REJECTS = 200
SHOWN = 8


@dataclass(frozen=True)
class Found:
    """What a survey found among uploaded files: what will be imported, and what is left out with the reason."""

    listing: "Listing"
    seen: "Survey"
    spec: "CaptchaSpec"
    odd: tuple[str, ...]


def show() -> None:
    """Show the way from files to a data set."""
    if not access.may_change():
        st.info(access.WHY_NOT, icon=":material/lock:")
        return
    way = st.segmented_control("Upload", ["Zip or files", "Folder"], default="Zip or files", required=True, key="way")
    uploaded = st.file_uploader(
        "Captchas", accept_multiple_files="directory" if way == "Folder" else True, key=f"import-{way}",
        label_visibility="collapsed",
    )  # fmt: skip
    if not uploaded:
        return
    try:
        place, readings = _stored(uploaded)
        _look_and_write(place, readings)
    except CaptchaError as error:
        st.warning(markdown(plain(error)), icon=":material/error:")


def _stored(uploaded: Sequence[Any]) -> tuple[Path, list["Reading"]]:
    """Return where the uploaded files lie, written once, and how their labels may be read."""
    files = tuple(file.file_id for file in uploaded)
    before = st.session_state.get(STORED)
    if before is None or before[0] != files:
        with st.spinner("looking at the names"):
            place = store([(file.name, file.getvalue()) for file in uploaded], _own_folder())
            before = st.session_state[STORED] = files, place, readings_of(place)
    return before[1], before[2]


def _look_and_write(place: Path, readings: Sequence["Reading"]) -> None:
    left, right = st.columns([3, 2])
    index = left.selectbox(
        "Their texts are", range(len(readings)), format_func=lambda one: _in_words(readings[one]), key="import-reading"
    )
    name = right.text_input("Name of the data set", "mine", max_chars=60, key="import-name")
    alphabet, length = "", 0
    if readings[index].rule == "none":
        alphabet = left.text_input("Characters there can be", "0123456789", key="import-alphabet")
        length = int(right.number_input("Characters in each", 1, 32, 4, key="import-length"))
    asked = (str(place), index, alphabet, length, st.session_state[STORED][0])
    of, found = st.session_state.get(FOUND, ((), None))
    if of != asked:
        with st.spinner("opening every file"):
            found = look(place, index, alphabet, length)
        st.session_state[FOUND] = asked, found
    _findings(found)
    _write(found, name)


def _in_words(reading: "Reading") -> str:
    return f"{reading.words}: {reading.examples(2)}" if reading.rule != "none" else "nowhere: nobody has read them yet"


def _own_folder() -> Path:
    """Return where the uploads of this session lie."""
    return UPLOADS / str(st.session_state.setdefault("uploads-folder", secrets.token_hex(8)))


def store(files: Sequence[tuple[str, bytes]], folder: Path) -> Path:
    """Write uploaded files into a folder that holds nothing else, and return the place to import from."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, content in files:
        parts = [part for part in PurePosixPath(name.replace("\\", "/")).parts if part not in ("/", "..", ".")]
        path = folder.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, content)
    one = [path for path in folder.iterdir() if path.suffix.lower() == ".zip"]
    return one[0] if len(one) == len(files) == 1 else folder


def readings_of(place: Path) -> list["Reading"]:
    """Return the ways in which the labels of files may be read, the likeliest first; the last one: not at all.

    Raises:
        CaptchaError: If there is no captcha at the place.
    """
    from captcha_core.sources.folders import list_labelled

    found: list[Reading] = []

    def take_first(readings: Sequence["Reading"]) -> "Reading":
        found.extend(readings)
        return readings[0]

    try:
        list_labelled(place, ask=take_first)
    except CaptchaError:
        if not found:
            return [list_labelled(place, "none").reading]
    return found


def look(place: Path, reading: int = 0, alphabet: str = "", length: int = 0) -> Found:
    """Open every file of a place, its labels read in one of the ways of :func:`readings_of`.

    Raises:
        CaptchaError: If nothing can be used, or what was stated cannot be.
    """
    from captcha_core.sources.folders import list_labelled
    from captcha_core.sources.import_spec import SpecOverrides, spec_of
    from captcha_core.sources.import_survey import fit, survey
    from captcha_core.sources.oddities import oddities

    stated = SpecOverrides(alphabet=alphabet or None, min_length=length or None, max_length=length or None)
    unread = readings_of(place)[reading].rule == "none"
    listing = list_labelled(place, "none") if unread else list_labelled(place, ask=lambda readings: readings[reading])
    seen = survey(listing)
    spec = spec_of(seen, stated)
    fit(seen, spec)
    return Found(listing, seen, spec, tuple(oddities(listing, seen, spec)))


def _findings(found: Found) -> None:
    seen, spec = found.seen, found.spec
    sizes = listed((f"{height} x {width}" for (height, width), _ in seen.sizes_px.most_common()), 3)
    rates = listed((f"{rate:,} Hz" for rate, _ in seen.rates_hz.most_common()), 3)
    st.html(
        pictures.facts(
            [
                ("Captchas", f"{len(seen.files):,}", found.listing.reading.words),
                ("Left out", f"{len(seen.rejects):,}", "with the reason below" if seen.rejects else ""),
                ("Characters", f"{len(spec.alphabet)}", spec.alphabet[:40]),
                ("Length", listed(map(str, sorted(seen.lengths)), 4) or "–", "characters"),
                ("Sizes", sizes or rates, "height x width in pixels" if sizes else ""),
                ("Repeated", f"{seen.repeated:,}", "the same file twice"),
            ]
        )
    )
    for line in found.odd:
        st.warning(markdown(line), icon=":material/help:")
    entries = seen.entries[:: max(1, len(seen.entries) // SHOWN)][:SHOWN]
    if seen.media == "image":
        read = found.listing.files.read
        st.html(pictures.gallery([pictures.sample_card(read(one.name), one.text, one.name) for one in entries]))
    if seen.rejects:
        with st.expander(f"{count(len(seen.rejects), 'file')} left out"):
            rows = [(reject.name, plain(reject.reason)) for reject in seen.rejects[:SHOWN_REJECTS]]
            st.dataframe(pd.DataFrame(rows, columns=["File", "Reason"]), hide_index=True)


def _write(found: Found, name: str) -> None:
    folder = gallery.DATA / file_name(name, "mine")
    there = folder.exists()
    if there:
        st.warning(f"There is a data set called {markdown(folder.name)} already: choose another name.")
    label = f"Import {count(len(found.seen.files), 'captcha')}"
    if st.button(label, type="primary", icon=":material/upload:", key="import", disabled=there):
        with st.spinner("writing the data set"):
            write(found, folder)
        for key in (STORED, FOUND):
            st.session_state.pop(key, None)
        shutil.rmtree(_own_folder(), ignore_errors=True)
        announce(f"{count(len(found.seen.files), 'captcha')} imported as {folder.name}.")
        st.switch_page(pages.page("data"), query_params={"set": folder.name})


def write(found: Found, folder: Path) -> None:
    """Write what was found as a data set.

    Raises:
        DataError: If the folder cannot be written.
    """
    from captcha_core.dataset.import_files import write_import

    if folder.exists():
        raise DataError(f"There is a data set called {folder.name} already: choose another name.")
    folder.parent.mkdir(exist_ok=True)
    write_import(folder, found.listing, found.seen, found.spec)
