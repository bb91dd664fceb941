"""Parse a URL once and strictly: what not every parser reads the same way is refused."""

import re
import socket
from dataclasses import dataclass

from captcha_core.errors import FetchError, SpecError

MAX_URL_CHARACTERS = 2048
PORTS = {"http": 80, "https": 443}
URL = re.compile(r"(https?)://([^/?#]*)([^#]*)(?:#.*)?", re.IGNORECASE)
AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?", re.IGNORECASE)
LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?")
QUAD = re.compile(r"(?:0|[1-9]\d{0,2})(?:\.(?:0|[1-9]\d{0,2})){3}")
NUMBER = re.compile(r"\d+|0x[0-9a-f]*")


class UrlRefused(FetchError):
    """The URL must not be fetched: the caller's fault."""


@dataclass(frozen=True, slots=True)
class Target:
    """A parsed URL. ``host`` is in lower case, an IPv6 address without its brackets."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The host, with the port where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The whole URL again."""
        return f"{self.scheme}://{self.authority}{self.path}"


def parse_url(url: str) -> Target:
    """Parse a URL strictly.

    Raises:
        UrlRefused: If it is not a plain http(s) URL, or if its host could be read in more than one way.
    """
    if len(url) > MAX_URL_CHARACTERS:
        raise UrlRefused(f"expected a URL of at most {MAX_URL_CHARACTERS:,} characters, received {len(url):,}.")
    if not url.isascii() or not url.isprintable() or any(character in url for character in ' \\"<>^`{|}'):
        raise UrlRefused("expected a URL of plain characters, received others; percent-encode them.")
    parts = URL.fullmatch(url)
    if not parts:
        raise UrlRefused("expected a URL that begins with http:// or https://, received something else.")
    scheme, authority, rest = parts[1].lower(), parts[2], parts[3]
    place = AUTHORITY.fullmatch(authority)
    if not place:
        raise UrlRefused(
            "expected a plain host, with a port at most, after //, received something else (a user name, an escape or "
            "a zone is not taken)."
        )
    host = _host(place[1].lower())
    port = int(place[2]) if place[2] else PORTS[scheme]
    return Target(scheme, host, port, rest if rest.startswith("/") else "/" + rest)


def _host(host: str) -> str:
    if host.startswith("["):
        try:
            return _plain_ipv6(host[1:-1])
        except OSError:
            raise UrlRefused("expected an IPv6 address in the brackets, received something else.") from None
    host = host.removesuffix(".")
    labels = host.split(".")
    if len(host) > 253 or not all(LABEL.fullmatch(label) for label in labels):
        raise UrlRefused("expected a host name of letters, digits, hyphens and dots, received something else.")
    # Names that end in a number are addresses to some readers and names to others: only the one usual spelling passes.
    if NUMBER.fullmatch(labels[-1]) and not _is_plain_ipv4(host):
        raise UrlRefused("expected an address in its usual spelling such as 192.0.2.1, received an unusual one.")
    return host


def _is_plain_ipv4(host: str) -> bool:
    return QUAD.fullmatch(host) is not None and all(int(part) <= 255 for part in host.split("."))


def _plain_ipv6(text: str) -> str:
    return socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, text))


def host_pattern(host: str) -> str:
    """Return an entry of a list of hosts in its usual spelling: a name, ``*.name``, an address, or ``*``.

    Raises:
        SpecError: If it is none of these.
    """
    plain = host.strip().lower().removesuffix(".")
    if plain == "*":
        return plain
    below, name = ("*.", plain[2:]) if plain.startswith("*.") else ("", plain)
    try:
        return below + _host(name)
    except UrlRefused:
        raise SpecError(
            f"expected a host such as images.example.org, *.example.org or *, received {host!r}; give the host alone, "
            "without scheme, port or path."
        ) from None
