"""The dashboard in a real browser, for its tests, its screenshots and its benchmark: a server, and a page on it."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from captcha_core.errors import CaptchaError
from captcha_core.sources.browser import FLAGS, find_browser, playwright
from experiments.tools.processes import CommandFailed, command_line, free_port, serving

OPTIONS = ("--no-sandbox", *FLAGS)  # it opens our own pages alone, and as root there is no other way
WAIT_MS = 180_000  # most: a busy machine is slow


@contextlib.contextmanager
def served(folder: Path, tracking: str, *options: str) -> Iterator[tuple[str, int]]:
    """Serve the dashboard from a folder: its address, with a slash at the end, and its process.

    Raises:
        CaptchaError: If it does not start; the message holds the end of its log.
    """
    port = free_port()
    address = f"http://127.0.0.1:{port}/"
    variables = {"MLFLOW_TRACKING_URI": tracking, "TMPDIR": tempfile.gettempdir()}
    command = command_line("dashboard", "--port", str(port), *options)
    try:
        with serving(command, f"{address}_stcore/health", folder, variables) as (process, _):
            yield address, process.pid
    except CommandFailed as error:
        raise CaptchaError(f"expected a dashboard that starts, received: {error}") from None


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
