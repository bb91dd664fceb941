"""Captchas by URL, by the safe fetch alone."""

import asyncio
import os
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from captcha_core.fetch.fetch import Fetcher, FetchPolicy
from dashboard.solve.uploads import MAX_FILE_BYTES

HOSTS = "CAPTCHALAB_ALLOW_URL_HOSTS"


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
