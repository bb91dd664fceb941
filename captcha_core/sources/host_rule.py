"""The addresses that a browser may request: those of one host."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from captcha_core.errors import SpecError


@dataclass(frozen=True)
class HostRule:
    """The host of a page, in lower case, and its port."""

    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> "HostRule":
        """Return the rule for a page.

        Raises:
            SpecError: If the URL is no http or https address.
        """
        place = _place(url)
        if place is None:
            raise SpecError(f"expected an http or https address with a host, received {url!r}; correct --url.")
        return cls(*place)

    def allows(self, url: str) -> bool:
        """Say whether a URL lies on the host; what never leaves the browser (data, blob, about) is allowed."""
        if url.startswith(("data:", "blob:", "about:")):
            return True
        return _place(url) == (self.host, self.port)


def _place(url: str) -> tuple[str, int] | None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    return parts.hostname.lower(), port or (443 if parts.scheme == "https" else 80)
