"""The dashboard in a real browser, for its tests, its screenshots and its benchmark: a server, and a page on it."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from captcha_core.errors import CaptchaError
from captcha_core.sources.browser import FLAGS, find_browser, playwright

ROOT = Path(__file__).parent.parent.parent
OPTIONS = ("--no-sandbox", *FLAGS)  # it opens our own pages alone, and as root there is no other way
START_S = 90
PR_SET_PDEATHSIG = 1
# asks Linux to kill a process when the thread that started it is gone, however that went; elsewhere nothing does
END_WITH_PARENT = (
    partial(ctypes.CDLL(None).prctl, PR_SET_PDEATHSIG, signal.SIGKILL) if sys.platform == "linux" else None
)
WAIT_MS = 60_000


@contextlib.contextmanager
def served(folder: Path, tracking: str, *options: str) -> Iterator[tuple[str, int]]:
    """Serve the dashboard from a folder: its address, with a slash at the end, and its process.

    Raises:
        CaptchaError: If it does not start; the message holds the end of its log.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "MLFLOW_TRACKING_URI": tracking, "PYTHONPATH": str(ROOT)}
    environment.pop("MLFLOW_RUN_ID", None)
    log_path = folder / "dashboard.log"
    command = [sys.executable, "-m", "experiments.cli", "dashboard", "--port", str(port), *options]
    with log_path.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603  our own command line
            command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT,
            start_new_session=True, preexec_fn=END_WITH_PARENT,
        )  # fmt: skip
    address = f"http://127.0.0.1:{port}/"
    try:
        _await(address, process, log_path)
        yield address, process.pid
    finally:
        _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Stop a process and all of its group."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(20)
    with contextlib.suppress(ProcessLookupError, PermissionError):  # nobody of the group is left
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _await(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}_stcore/health", timeout=2):  # noqa: S310
            return
        time.sleep(0.2)
    raise CaptchaError(
        f"expected a dashboard that starts, received: {log.read_text(errors='replace', encoding='utf-8')[-1000:]}"
    )


@contextlib.contextmanager
def opened(width_px: int = 1280, height_px: int = 900, dark: bool = False) -> Iterator[Any]:
    """A page of a fresh browser.

    Raises:
        FetchError: If there is no browser, or no Playwright.
    """
    with playwright().sync_playwright() as play:
        browser = play.chromium.launch(executable_path=find_browser(), headless=True, args=list(OPTIONS))
        context = browser.new_context(
            viewport={"width": width_px, "height": height_px}, color_scheme="dark" if dark else "light"
        )
        context.set_default_timeout(WAIT_MS)
        try:
            yield context.new_page()
        finally:
            browser.close()


def settled(page: Any) -> Any:
    """Wait until a page's script has run to its end, and return the page."""
    page.wait_for_selector("h1")
    page.wait_for_function("() => !document.querySelector('[data-testid=\"stStatusWidget\"]')")
    page.wait_for_timeout(300)
    return page
