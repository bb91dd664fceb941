"""Where captchas come from on the Solve page: files, the clipboard, a URL, the camera, the microphone, a scheme."""

import asyncio
import os
from collections.abc import Callable
from pathlib import PurePosixPath
from urllib.parse import urlsplit

import streamlit as st

from captcha_core.errors import CaptchaError
from captcha_core.fetch.fetch import Fetcher, FetchPolicy
from captcha_core.media.sniff import SUFFIXES, kind_of
from captcha_core.solver import Solver
from captcha_core.sources.scheme import can_turn, harder
from captcha_core.sources.schemes import get_scheme
from captcha_core.spec.sample import Sample
from dashboard.frame import chart
from dashboard.solve import drawing
from dashboard.solve.uploads import MAX_FILE_BYTES, MAX_MB, Uploads, take
from dashboard.widgets import accuracy_charts, paste
from dashboard.widgets.text import count, markdown, plain

TYPES = [*(suffix.removeprefix(".") for suffix in SUFFIXES), "jpeg", "avif", "tif", "aif", "aiff", "zip"]
ADDED, MOST_ADDED = "added-captchas", 40  # of one session, in its own state
DRAWN_FILES = "drawn-files"  # what was drawn here last, and
DRAWN = "drawn"  # its content hash and text
Files = list[tuple[str, bytes]]
HOSTS = "CAPTCHALAB_ALLOW_URL_HOSTS"


def show(solver: Solver) -> Uploads:
    """Show one way to bring captchas, and return what came by it."""
    ways: dict[str, Callable[[Solver], Files]] = {
        "Files": _files,
        "Paste": _paste,
        "URL": _url,
        "Camera": _camera,
        "Record": _microphone,
        "Draw": _draw,
    }
    hidden = "Record" if solver.spec.media == "image" else "Camera"
    names = [name for name in ways if name != hidden]
    way = st.segmented_control("From", names, default="Files", required=True, key="from", bind="query-params")
    return take(ways[way or "Files"](solver))


def drawn_text(media: bytes) -> str | None:
    """Return the text of a captcha if it is the one that was drawn here last."""
    identity, text = st.session_state.get(DRAWN, ("", None))
    return text if Sample(media, None).id == identity else None


def _files(_solver: Solver) -> Files:
    uploaded = st.file_uploader(
        "Images, clips or a zip of them", type=TYPES, accept_multiple_files=True, max_upload_size=MAX_MB, key="uploads"
    )
    return [(file.name, file.getvalue()) for file in uploaded]


def _paste(_solver: Solver) -> Files:
    if pasted := paste.field(key="paste"):
        _add(*pasted)
    return _added()


def _url(_solver: Solver) -> Files:
    with st.form("by-url", border=False, clear_on_submit=False):
        left, right = st.columns([5, 1], vertical_alignment="bottom")
        url = left.text_input("Address of a picture or clip", placeholder="https://example.org/captcha.png", key="url")
        pressed = right.form_submit_button("Fetch", icon=":material/download:", width="stretch")
    if pressed and url:
        try:
            with st.spinner("fetching"):
                _add(*fetch(url))
        except CaptchaError as error:
            st.warning(markdown(plain(error)), icon=":material/link_off:")
    return _added()


def _camera(_solver: Solver) -> Files:
    photo = st.camera_input("Hold the captcha so that it fills the picture", key="photo")
    return [("photo.jpg", photo.getvalue())] if photo else []


def _microphone(solver: Solver) -> Files:
    clip = st.audio_input(
        f"Play the captcha to the microphone, {solver.spec.seconds:g} seconds at most", sample_rate=16_000, key="clip"
    )
    return [("recording.wav", clip.getvalue())] if clip else []


def _draw(solver: Solver) -> Files:
    names = drawing.fitting(solver)
    if not names:
        st.info("There is no scheme that draws what this model reads.", icon=":material/draw:")
        return []
    left, middle, right = st.columns([3, 3, 2], vertical_alignment="bottom")
    name = left.selectbox("Scheme", names, key="scheme", help="Those that the model can read come first.")
    scheme = get_scheme(name)
    turns = can_turn(scheme)
    difficulty = 1.0
    if turns:
        difficulty = middle.slider(
            "Difficulty", 0.0, 3.0, 1.0, 0.1, key="difficulty",
            help="1 is the scheme as it is, 2 twice as much of everything that distorts. A knob stops at its bounds.",
        )  # fmt: skip
    else:
        middle.caption("Its difficulty is as it is.")
    own = drawing.can_read(solver.spec, scheme.spec)
    try:
        if right.button("Draw one", type="primary", icon=":material/draw:", width="stretch", key="draw-one"):
            sample = drawing.fresh(harder(scheme, difficulty))[0]
            st.session_state[DRAWN] = (sample.id, solver.spec.charset.normalised(sample.text or ""))
            st.session_state[DRAWN_FILES] = [("as drawn just now", sample.media)]
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(markdown(scheme.description), width="content")
            asked = turns and own and st.button(
                "Where does the model break?", icon=":material/trending_down:", key="break", type="tertiary"
            )  # fmt: skip
        if asked:
            _break(solver, name)
    except CaptchaError as error:
        st.warning(markdown(plain(error)), icon=":material/draw:")
    drawn: Files = st.session_state.get(DRAWN_FILES, [])
    return [one for one in drawn if kind_of(one[1]) == solver.spec.media]


def _break(solver: Solver, name: str) -> None:
    number = 100 if solver.spec.media == "image" else 12
    with st.spinner(f"drawing and reading {count(number, 'captcha')} at each of {len(drawing.LEVELS)} levels"):
        table = drawing.breaking_point(solver, get_scheme(name), number)
    chart(accuracy_charts.breaking_point(table), "breaking", table)


def _add(name: str, content: bytes) -> None:
    st.session_state[ADDED] = [(name, content), *st.session_state.get(ADDED, [])][:MOST_ADDED]


def _added() -> Files:
    files: Files = st.session_state.get(ADDED, [])
    if files and st.button("Clear", icon=":material/close:", key="clear-added"):
        st.session_state[ADDED] = []
        return []
    return files


def policy() -> FetchPolicy:
    """Return what may be fetched: the hosts of :data:`HOSTS` (with commas), by default every public one."""
    hosts = frozenset(host.strip() for host in os.environ.get(HOSTS, "*").split(",") if host.strip())
    return FetchPolicy(hosts=hosts, max_bytes=MAX_FILE_BYTES)


def fetch(url: str, fetcher: Fetcher | None = None) -> tuple[str, bytes]:
    """Return the name and bytes of what is behind a URL.

    Raises:
        FetchError: If it must not or could not be fetched.
    """
    content = asyncio.run((fetcher or Fetcher(policy())).fetch(url.strip()))
    return PurePosixPath(urlsplit(url).path).name or "fetched", content
