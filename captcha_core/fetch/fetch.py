"""Fetch media from a URL that a stranger chose, without giving the stranger a way into the network.

A URL is parsed once and strictly (url.py). Its host has to be on the list and is resolved once, every address has to be
public (public_addresses.py), and the connection goes to a checked address, with the host's own name in ``Host`` and
SNI. Redirects pass the same checks. httpcore does HTTP and TLS: it uses no proxies of the environment, no cookies and
no credentials.
"""

import asyncio
import socket
import ssl
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import urljoin

import httpcore

from captcha_core.errors import FetchError
from captcha_core.fetch.public_addresses import is_loopback, is_public
from captcha_core.fetch.url import PORTS, Target, UrlRefused, host_pattern, parse_url

REDIRECTS = (301, 302, 303, 307, 308)
Redirect = str  # its location
Resolver = Callable[[str, int], Awaitable[list[str]]]


class FetchFailed(FetchError):
    """The URL may be fetched, and the other side did not deliver."""


class FetchTimeout(FetchFailed):
    """The other side did not deliver in time."""


@dataclass(frozen=True, slots=True)
class FetchPolicy:
    """What may be fetched.

    Args:
        hosts: Allowed hosts: a name, ``*.name`` for all below it, or ``*`` for every public host. Empty: none.
        ports: Allowed ports.
        allow_loopback: Let addresses of this machine pass as well, for tests.
        max_bytes: Size limit, counted after decompression.
        max_redirects: How many redirects to follow.
        deadline_s: Time for everything together: resolution, all redirects, the last byte.

    Raises:
        SpecError: If a host pattern is invalid.
    """

    hosts: frozenset[str] = frozenset()
    ports: frozenset[int] = frozenset(PORTS.values())
    allow_loopback: bool = False
    max_bytes: int = 8 * 2**20
    max_redirects: int = 3
    deadline_s: float = 10.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "hosts", frozenset(host_pattern(host) for host in self.hosts))

    def allows(self, host: str) -> bool:
        """Return whether the host is on the list."""
        parents = host.split(".")
        names = {host, "*"} | {"*." + ".".join(parents[at:]) for at in range(1, len(parents))}
        return not names.isdisjoint(self.hosts)

    def admits(self, address: str) -> bool:
        """Return whether a resolved address may be connected to."""
        return is_public(address) or (self.allow_loopback and is_loopback(address))


async def resolve(host: str, port: int) -> list[str]:
    """Return every address of a host, by the system's resolver, in the order it prefers."""
    loop = asyncio.get_running_loop()
    rows = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in rows))


class _Pinned(httpcore.AsyncNetworkBackend):
    """Connects to addresses that were checked, whatever the name resolves to by now."""

    def __init__(self, addresses: Iterable[str], network: httpcore.AsyncNetworkBackend) -> None:
        self._addresses = list(addresses)
        self._network = network

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        failure: Exception = httpcore.ConnectError(f"no address of {host}")
        for address in self._addresses:
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Fetches URLs within a policy.

    Args:
        policy: What may be fetched.
        resolver: From a host to its addresses.
        network: Opens connections.
        tls: For https; by default the public certificate authorities.
    """

    policy: FetchPolicy
    resolver: Resolver = resolve
    network: httpcore.AsyncNetworkBackend = field(default_factory=httpcore.AnyIOBackend)
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    async def fetch(self, url: str) -> bytes:
        """Return what is behind a URL.

        Raises:
            UrlRefused: If the policy does not allow it, or does not allow a redirect.
            FetchFailed: If the other side answers anything but 200 with a body within the limits.
        """
        try:
            async with asyncio.timeout(self.policy.deadline_s):
                return await self._follow(url)
        except TimeoutError:
            raise FetchTimeout(
                f"expected the whole file within {self.policy.deadline_s:g} s, received less; try another source."
            ) from None

    async def _follow(self, url: str) -> bytes:
        for _ in range(self.policy.max_redirects + 1):
            target = parse_url(url)
            addresses = await self.check(target)
            answer = await self._get(target, addresses)
            if isinstance(answer, bytes):
                return answer
            try:
                url = urljoin(target.url, answer)
            except ValueError:
                raise UrlRefused("expected a redirect to a URL, received something else.") from None
        raise UrlRefused(f"expected at most {self.policy.max_redirects} redirects, received more.")

    async def check(self, target: Target) -> list[str]:
        """Resolve a target and return its addresses.

        Raises:
            UrlRefused: If host, port or one of the addresses is not allowed.
            FetchFailed: If the name does not resolve.
        """
        if not self.policy.allows(target.host):
            raise UrlRefused("expected a host that this server allows, received another; see --allow-url-host.")
        if target.port not in self.policy.ports:
            allowed = ", ".join(str(port) for port in sorted(self.policy.ports))
            raise UrlRefused(f"expected one of the ports {allowed}, received {target.port}.")
        try:
            addresses = await self.resolver(target.host, target.port)
        except (OSError, UnicodeError):
            addresses = []
        if not addresses:
            raise FetchFailed("expected a host that resolves, received none; check its name.")
        if not all(self.policy.admits(address) for address in addresses):
            raise UrlRefused("expected a host on the public internet, received one that is not.")
        return addresses

    async def _get(self, target: Target, addresses: list[str]) -> bytes | Redirect:
        headers = [
            ("Host", target.authority),
            ("Accept", "image/*, audio/*, application/octet-stream"),
            ("Accept-Encoding", "gzip, identity"),
            ("User-Agent", "captchalab"),
        ]
        try:
            # One connection for each hop: a shared pool would hand out one that was checked for another name.
            async with (
                httpcore.AsyncConnectionPool(self.tls, network_backend=_Pinned(addresses, self.network)) as pool,
                pool.stream("GET", _wire(target), headers=headers) as response,
            ):
                return await self._read(response)
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, ssl.SSLError, OSError):
            raise FetchFailed("expected an HTTP answer from the host, received none that can be used.") from None

    async def _read(self, response: httpcore.Response) -> bytes | Redirect:
        headers = {name.lower(): value.decode("latin-1") for name, value in response.headers}
        if response.status in REDIRECTS:
            return Redirect(headers.get(b"location", ""))
        if response.status != 200:
            raise FetchFailed(f"expected status 200 from the host, received {response.status}.")
        body = bytearray()
        async for chunk in _decoded(response, headers.get(b"content-encoding", ""), self.policy.max_bytes):
            body += chunk
            if len(body) > self.policy.max_bytes:
                raise FetchFailed(f"expected a file of at most {self.policy.max_bytes:,} bytes, received more.")
        return bytes(body)


def _wire(target: Target) -> httpcore.URL:
    return httpcore.URL(
        scheme=target.scheme.encode(), host=target.host.encode(), port=target.port, target=target.path.encode()
    )


async def _decoded(response: httpcore.Response, encoding: str, max_bytes: int) -> AsyncIterator[bytes]:
    """Yield the body, unpacked in steps so that a small chunk cannot become a large memory."""
    encoding = encoding.strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip"):
        raise FetchFailed("expected a plain or gzip body from the host, received another encoding.")
    unpack = zlib.decompressobj(wbits=31) if "gzip" in encoding else None
    async for chunk in response.aiter_stream():
        if unpack is None:
            yield chunk
            continue
        try:
            # a body may have several members (RFC 1952), and zeros behind the last
            while chunk := chunk.lstrip(b"\0") if unpack.eof else chunk:
                if unpack.eof:
                    unpack = zlib.decompressobj(wbits=31)
                yield unpack.decompress(chunk, max_bytes + 1)
                chunk = unpack.unused_data
        except zlib.error:
            raise FetchFailed("expected a whole gzip body from the host, received a damaged one.") from None
    if unpack is not None and not unpack.eof:
        raise FetchFailed("expected a whole gzip body from the host, received a damaged one.")
