"""A site of one's own that says whether an answer is right, and nothing else: what an attacker without labels asks.

The demo site shows what such a site does: ``GET captcha.png?NAME`` beside its page draws a captcha under a name, and
``POST answer`` with the fields ``captcha``, that name, and ``text`` answers 200 (accepted), 403 (refused), 410 (nobody
waits for that answer) or 429 (too many answers; asked again later).
"""

import secrets
import time
from collections.abc import Callable
from typing import Self

import httpx

from captcha_core.errors import FetchError
from captcha_core.sources.host_rule import HostRule

MAX_PICTURE_BYTES = 8_000_000
ACCEPTED, REFUSED, WAIT = 200, 403, 429
WAIT_S, PATIENCE_S = 2.0, 120.0  # between two questions to a site that wants none now; how long that may go on


class AnswerSite:
    """The form of a site; a ``with`` block closes the connection.

    Args:
        url: Address of its page.
        sleep: Waits some seconds; tests give one that does not.

    Raises:
        SpecError: If the URL is no http or https address.
    """

    def __init__(self, url: str, sleep: Callable[[float], None] = time.sleep) -> None:
        HostRule.of(url)
        self.url, self._sleep = url, sleep
        self._client = httpx.Client(base_url=url if url.endswith("/") else f"{url}/", timeout=15.0)

    def captcha(self) -> tuple[str, bytes]:
        """Return the name and the file of a new captcha.

        Raises:
            FetchError: If the site does not show one.
        """
        name = secrets.token_hex(8)
        answer = self._ask("GET", f"captcha.png?{name}")
        if answer.status_code != ACCEPTED or not 0 < len(answer.content) <= MAX_PICTURE_BYTES:
            raise FetchError(
                f"expected a captcha at {self.url}captcha.png?NAME, received status {answer.status_code} with "
                f"{len(answer.content):,} bytes; correct --url (captchalab demo-site shows what a site must do)."
            )
        return name, answer.content

    def accepts(self, name: str, text: str) -> bool:
        """Send the answer to a captcha, once, and say whether it was accepted; wait where the site wants that.

        Raises:
            FetchError: If the site says neither yes nor no.
        """
        waited_s = 0.0
        while (status := self._ask("POST", "answer", {"captcha": name, "text": text}).status_code) == WAIT:
            if waited_s >= PATIENCE_S:
                raise FetchError(
                    f"expected {self.url} to take an answer within {PATIENCE_S:g} s, received 429 all the time; allow "
                    "more answers a minute, or go on later with the same command."
                )
            self._sleep(WAIT_S)
            waited_s += WAIT_S
        if status not in (ACCEPTED, REFUSED):
            raise FetchError(
                f"expected status 200 (accepted) or 403 (refused) from {self.url}answer, received {status}; correct "
                "--url (captchalab demo-site shows what a site must do)."
            )
        return status == ACCEPTED

    def _ask(self, method: str, path: str, fields: dict[str, str] | None = None) -> httpx.Response:
        try:
            return self._client.request(method, path, data=fields)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise FetchError(
                f"expected an answer from {self.url}, received {type(error).__name__}: {error}; start the site, or "
                "correct --url."
            ) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()
