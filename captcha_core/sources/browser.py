"""Collect captchas from a page of your own, with a browser that is installed on this machine.

The element's own bytes are taken as the page received them; a screenshot is the last resort. The browser stays on
the host of the page: requests to others are refused, and so is a redirect away.
"""

import base64
import binascii
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from captcha_core.errors import DataError, FetchError, SpecError
from captcha_core.extras import require
from captcha_core.media.image import decode_image
from captcha_core.sources.host_rule import HostRule
from captcha_core.spec.sample import Sample

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge", "chrome")
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
MAX_REPEATS = 20
SETTLE_S = 0.3  # for pictures that come without a request of their own

# What the element is made of: the address of its picture, or the picture itself as a data URL.
SOURCE = """element => {
  if (element instanceof HTMLCanvasElement) return element.toDataURL("image/png");
  return element.currentSrc || element.src || "";
}"""
READY = "element => !(element instanceof HTMLImageElement) || (element.complete && element.naturalWidth > 0)"
BLOB = """async address => {
  const buffer = new Uint8Array(await (await fetch(address)).arrayBuffer());
  let text = "";
  for (const byte of buffer) text += String.fromCharCode(byte);
  return btoa(text);
}"""


@dataclass(frozen=True)
class CollectOptions:
    """What to collect.

    Args:
        url: Page that shows one captcha.
        selector: CSS selector of the captcha, which must match one element.
        count: How many different captchas.
        refresh: CSS selector of a control that brings a new captcha; without it the page is loaded again.
        delay_s: Seconds between two captchas.
        timeout_s: Seconds that a page may take.
        browser: Path of the browser; by default the first that is installed.

    Raises:
        SpecError: If a number cannot be.
    """

    url: str
    selector: str
    count: int
    refresh: str | None = None
    delay_s: float = 1.0
    timeout_s: float = 15.0
    browser: str | None = None

    def __post_init__(self) -> None:
        if self.count < 1 or self.delay_s < 0 or self.timeout_s <= 0:
            raise SpecError(
                "expected a count of at least 1, a delay of 0 or more and a timeout above 0 seconds, received "
                f"{self.count}, {self.delay_s:g} and {self.timeout_s:g}; correct them."
            )


def find_browser(path: str | None = None) -> str:
    """Return the path of an installed Chromium, Chrome or Edge.

    Raises:
        FetchError: If there is none; the message says how to install one.
    """
    found = next(filter(None, map(shutil.which, [path] if path else BROWSERS)), None)
    if found is None:
        raise FetchError(
            f"expected an installed Chromium, Chrome or Edge, received {path or 'none'}; install one (Debian and "
            "Ubuntu: apt-get install chromium, macOS: brew install --cask chromium) or give its path with --browser."
        )
    return found


def playwright() -> Any:
    """Return Playwright's module, which drives the browser.

    Raises:
        MissingExtra: If it is not installed.
    """
    require("collect", "a browser")
    from playwright import sync_api

    return sync_api


def collect(options: CollectOptions, known: set[str], sleep: Callable[[float], None] = time.sleep) -> Iterator[Sample]:
    """Yield captchas that are not known yet, without labels, until there are ``options.count`` in all.

    Args:
        options: What to collect.
        known: Content hashes of the captchas there already are; new ones are added.
        sleep: Waits between two captchas.

    Raises:
        SpecError: If the URL is none.
        FetchError: If there is no browser, the page does not load or leaves its host, or nothing new comes.
        DataError: If the selector does not match exactly one element, or that shows no picture.
    """
    rule = HostRule.of(options.url)
    if len(known) >= options.count:
        return
    with _opened(options, rule) as page:
        page.load()
        repeats = 0
        while True:
            media, how = page.captcha()
            sample = Sample(media, None, origin=_origin(options.url, how))
            if sample.id in known:
                repeats += 1
                if repeats > MAX_REPEATS:
                    raise FetchError(
                        f"expected a new captcha from {options.url}, received {repeats} in a row that are there "
                        f"already ({len(known)} in all); ask for fewer, correct --selector or give --refresh."
                    )
            else:
                repeats = 0
                known.add(sample.id)
                yield sample
                if len(known) >= options.count:
                    return
            sleep(options.delay_s)
            page.renew()


def _origin(url: str, how: str) -> dict[str, str]:
    when = datetime.now(UTC).isoformat(timespec="seconds")
    return {"source": "browser", "url": url, "when": when, "taken_from": how}


@contextmanager
def _opened(options: CollectOptions, rule: HostRule) -> Iterator["_Page"]:
    """Open a page in a fresh profile, and leave nothing of it behind."""
    api = playwright()
    browser_path = find_browser(options.browser)
    flags = [*FLAGS, f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {rule.host}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        flags.append("--no-sandbox")  # Chromium's own sandbox refuses to start as root
    with (
        tempfile.TemporaryDirectory(prefix="captchalab-", ignore_cleanup_errors=True) as profile,
        api.sync_playwright() as driver,
    ):
        try:
            context = driver.chromium.launch_persistent_context(
                profile, executable_path=browser_path, headless=True, args=flags, accept_downloads=False
            )
        except api.Error as error:
            raise FetchError(
                f"expected {browser_path} to start, received: {_first_line(error)}; give another with --browser."
            ) from None
        try:
            yield _Page(context.pages[0] if context.pages else context.new_page(), options, rule)
        finally:
            context.close()


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


class _Page:
    """One page of Playwright, with what it received and where it tried to go."""

    def __init__(self, page: Any, options: CollectOptions, rule: HostRule) -> None:
        self.api, self.page, self.options, self.rule = playwright(), page, options, rule
        self.received: dict[str, Any] = {}
        self.other_host = ""
        page.set_default_timeout(options.timeout_s * 1000)
        page.route("**/*", self._route)
        page.on("request", self._watch)
        page.on("response", self._keep)

    def _route(self, route: Any) -> None:
        if self.rule.allows(route.request.url):
            route.continue_()
        else:
            route.abort("blockedbyclient")

    def _watch(self, request: Any) -> None:
        """Notice a navigation to another host; redirects pass the route by, and the browser cannot resolve them."""
        mine = request.is_navigation_request() and request.frame == self.page.main_frame
        if mine and not self.rule.allows(request.url):
            self.other_host = urlsplit(request.url).netloc

    def _keep(self, response: Any) -> None:
        request = response.request
        if request.resource_type in ("image", "media", "fetch", "xhr"):
            while request.redirected_from:
                request = request.redirected_from
            self.received[request.url] = response

    def load(self) -> None:
        """Raises: FetchError: If the page does not come, or from another host."""
        self.received.clear()
        try:
            response = self.page.goto(self.options.url, wait_until="load")
        except self.api.TimeoutError:
            raise FetchError(
                f"expected {self.options.url} to load within {self.options.timeout_s:g} s, received no whole page; "
                "look whether the site is up, or raise --timeout-s."
            ) from None
        except self.api.Error as error:
            self._check_host()
            raise FetchError(
                f"expected {self.options.url} to load, received {_first_line(error)}; look whether the site is up."
            ) from None
        self._check_host()
        if response is not None and response.status >= 400:
            raise FetchError(
                f"expected a page at {self.options.url}, received status {response.status}; correct --url."
            )

    def _check_host(self) -> None:
        other_host = self.other_host
        if not other_host and not self.rule.allows(self.page.url) and self.page.url.startswith("http"):
            other_host = urlsplit(self.page.url).netloc
        if other_host:
            raise FetchError(
                f"expected the page to stay on {self.rule.host}, received a redirect to {other_host}; collect from a "
                "page that stays on its own host."
            )

    def renew(self) -> None:
        """Bring a new captcha: click the control, or load the page again."""
        if self.options.refresh is None:
            self.load()
            return
        control = self._only(self.options.refresh, "--refresh")
        self.received.clear()
        try:
            with self.page.expect_response(lambda one: one.request.resource_type == "image", timeout=2000):
                control.click()
        except self.api.TimeoutError:
            self.page.wait_for_timeout(SETTLE_S * 1000)
        self._check_host()

    def _only(self, selector: str, option: str) -> Any:
        """Return the one element that a selector matches.

        Raises:
            DataError: If there is none, or more.
        """
        found = self.page.locator(selector)
        try:
            until = time.monotonic() + min(2.0, self.options.timeout_s)
            while (count := found.count()) == 0 and time.monotonic() < until:
                self.page.wait_for_timeout(100)
        except self.api.Error as error:
            raise DataError(
                f"expected a CSS selector, received {selector!r}: {_first_line(error)}; correct {option}."
            ) from None
        if count != 1:
            raise DataError(
                f"expected one element for {option} {selector!r}, found {count or 'none'}; make it more exact."
                if count
                else f"expected one element for {option} {selector!r}, found none; look at the page's source."
            )
        return found

    def captcha(self) -> tuple[bytes, str]:
        """Return the captcha's file, and where it was taken from.

        Raises:
            DataError: If the element shows no picture.
        """
        element = self._only(self.options.selector, "--selector")
        deadline = time.monotonic() + self.options.timeout_s
        try:
            while not element.evaluate(READY):
                if time.monotonic() > deadline:
                    raise DataError(
                        f"expected a picture in {self.options.selector!r}, received none within "
                        f"{self.options.timeout_s:g} s; it may come from another host, which is not asked."
                    )
                self.page.wait_for_timeout(50)
            media, how = self._own_bytes(element.evaluate(SOURCE))
            if media is None or not _is_picture(media):
                media, how = element.screenshot(type="png"), "screenshot"
        except self.api.Error as error:
            self._check_host()
            raise DataError(
                f"expected a visible element for {self.options.selector!r}, received: {_first_line(error)}; choose the "
                "element that shows the captcha."
            ) from None
        return media, how

    def _own_bytes(self, source: str) -> tuple[bytes | None, str]:
        """Return the bytes behind an element's address, None where it has none of its own."""
        if source.startswith("data:"):
            head, _, body = source.partition(",")
            try:
                return (base64.b64decode(body, validate=True), "data URL") if head.endswith(";base64") else (None, "")
            except binascii.Error:
                return None, ""
        if source.startswith("blob:"):
            return base64.b64decode(self.page.evaluate(BLOB, source)), "blob"
        response = self.received.get(source)
        return (response.body(), "response") if response is not None and response.ok else (None, "")


def _is_picture(media: bytes) -> bool:
    try:
        decode_image(media)
    except DataError:
        return False
    return True
