"""HTTP with limits on what a caller may do before a request is there: time, size and number of connections."""

import asyncio
import ipaddress
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from captcha_core.serving.errors import ApiError
from captcha_core.serving.limits import HEADERS_S, MAX_HEADER_BYTES, ServingLimits

OFFERS = frozenset({b"upgrade", b"http2-settings"})  # headers of an offer to speak another protocol
REASONS = {431: "Request Header Fields Too Large", 503: "Service Unavailable"}


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with bounds of its own.

    **Time.** A timer runs from the beginning of the connection, and from each answer, until the headers of the next
    request are complete. uvicorn itself limits only the pause between two requests, and drops that limit at the next
    byte, so that callers who send a byte now and then hold connections for ever. Bodies have the deadline of their
    request.

    **Size.** Headers, trailers and whatever else is neither body nor answered are bounded together.

    **Connections.** More than the limits allow, of one caller or of all, are told so and closed at once.

    **Offers.** A client that offers another protocol (``Upgrade: h2c``, as Java's and ``curl --http2`` do) goes on in
    HTTP/1.1, as RFC 9110 lets a server choose. llhttp takes what follows such headers for the other protocol, so that
    the body would be lost: another parser is given the same headers without the offer.

    Args:
        limits: How many connections there may be.
        options: What uvicorn gives.
    """

    headers_s = HEADERS_S
    _timer: asyncio.TimerHandle | None = None
    _header_bytes = 0  # of the present request, and its trailers
    _unused_bytes = 0  # received since something came of it
    _offered = False

    def __init__(self, limits: ServingLimits, **options: Any) -> None:
        super().__init__(**options)
        self._limits = limits

    def connection_made(self, transport: Any) -> None:
        """Start the timer of a new connection, or close it where there are too many."""
        super().connection_made(transport)
        self._start_timer()
        caller = _network(self.client)
        mine = sum(_network(getattr(one, "client", None)) == caller for one in self.connections)
        if len(self.connections) > self._limits.max_connections or mine > self._limits.max_connections_per_caller:
            message = "expected fewer connections at one time, received one more; close some, or use one for all."
            self._refuse(ApiError(503, "too_many_connections", message, {"Retry-After": "1"}))

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what has come, unless it is too much for headers."""
        self._unset_keepalive_if_required()
        self._unused_bytes += len(data)
        try:
            self._parse(data)
        except httptools.HttpParserError:
            if self._header_bytes <= MAX_HEADER_BYTES:
                self.send_400_response("Invalid HTTP request received.")
        if max(self._unused_bytes, self._header_bytes) > MAX_HEADER_BYTES:
            message = f"expected headers of at most {MAX_HEADER_BYTES:,} bytes, received more; send fewer."
            self._refuse(ApiError(431, "large_headers", message))

    def _parse(self, data: bytes) -> None:
        while data:
            try:
                self.parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as upgrade:
                if not self._offered:  # CONNECT, which no route answers
                    return
                data = data[upgrade.args[0] :]
            self._offered = False
            head = self._head_without_offer()
            self.parser = httptools.HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
            self.parser.feed_data(head)

    def _head_without_offer(self) -> bytes:
        lines = [b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())]
        for name, value in self.headers:
            if name == b"connection":
                value = b", ".join(kept for one in value.split(b",") if (kept := one.strip()).lower() not in OFFERS)
            if name not in OFFERS and (value or name != b"connection"):
                lines.append(b"%s: %s" % (name, b" ".join(value.splitlines())))
        return b"\r\n".join([*lines, b"", b""])

    def on_message_begin(self) -> None:
        """Count the headers of a request from nothing."""
        self._header_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Count the address with the headers."""
        self._count(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header or trailer."""
        self._count(name, value)
        super().on_header(name, value)

    def _count(self, *parts: bytes) -> None:
        self._header_bytes += sum(len(part) for part in parts)
        if self._header_bytes > MAX_HEADER_BYTES:
            raise ValueError("too many headers")  # ends the parsing

    def on_headers_complete(self) -> None:
        """Stop the timer: the request has a deadline of its own. One with an offer comes again without it."""
        self._unused_bytes = 0
        if self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT":
            self._offered = True
            return
        self._stop_timer()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of a body."""
        self._unused_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Take the end of a request."""
        self._unused_bytes = 0
        if not self._offered:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Start the timer for the rest of the body and the next request."""
        super().on_response_complete()
        if self.cycle.response_complete:  # else another request came meanwhile, and its answer begins
            self._start_timer()

    def _refuse(self, error: ApiError) -> None:
        """Answer and close; only close where another answer is on its way."""
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            body = bytes(error.response().body)
            headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"}
            lines = [f"{name}: {value}" for name, value in {**headers, **error.headers}.items()]
            head = "\r\n".join([f"HTTP/1.1 {error.status} {REASONS[error.status]}", *lines, "", ""])
            self.transport.write(head.encode("latin-1") + body)
        self.transport.close()

    def _start_timer(self) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(self.headers_s, self._close)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _close(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()


def _network(client: tuple[str, int] | None) -> str:
    """Return what counts as one caller: an address, of IPv6 the 64 bits that a customer is given."""
    host = client[0] if client else ""
    return str(ipaddress.ip_network((host.partition("%")[0], 64), strict=False)) if ":" in host else host
