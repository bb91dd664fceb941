"""What every request passes before a route sees it: who asks, for which host, and how many bytes are sent."""

import math
import time
import zlib
from collections.abc import Callable, MutableMapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from captcha_core.serving.errors import PLAIN, ApiError, busy, too_large
from captcha_core.serving.limits import ServingLimits
from captcha_core.serving.metrics import ServingMetrics
from captcha_core.serving.tokens import Tokens

OPEN = ("/health/live", "/health/ready", "/docs", "/openapi.json")  # these need no token
SOLVING = (PLAIN, "/solve", "/solve/batch")
OWN_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})


class Guard:
    """ASGI middleware around the whole application.

    Args:
        app: What to guard.
        limits: How large a body may be, and all bodies together.
        metrics: Where requests are counted.
        tokens: Callers to let in; None on loopback, where everybody may ask.
        hosts: Host names to answer to; None for any. On loopback only its own names count, or any web page could
            reach the server through a name that it points there.
        full: Whether no captcha can be taken now. To refuse here costs half of what it costs behind the routes, and
            an overloaded server does little else.
        root_path: Prefix of all paths, where a proxy in front gives the server one.
    """

    def __init__(
        self,
        app: ASGIApp,
        limits: ServingLimits,
        metrics: ServingMetrics,
        tokens: Tokens | None = None,
        hosts: frozenset[str] | None = OWN_NAMES,
        full: Callable[[], bool] = lambda: False,
        root_path: str = "",
    ) -> None:
        self.app, self.limits, self.metrics = app, limits, metrics
        self.tokens, self.hosts, self.full, self.root_path = tokens, hosts, full, root_path
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count a request and let it pass, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status, taken = time.perf_counter(), 500, 0
        head, unpacked = scope["method"] == "HEAD", Unpacked()
        path, method = self._inner(scope["path"]), "GET" if head else scope["method"]
        scope = {**scope, "method": method, "path": path, "root_path": self.root_path}

        async def counting_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            elif head:
                message = {**message, "body": b""}
            await send(message)

        async def limited_receive() -> Message:
            nonlocal taken
            message = await receive()
            if unpacked.packed and "body" in message:
                message = unpacked.part(message, self.limits.max_body_bytes)
            size = len(message.get("body", b""))
            taken += size
            self._hold(size)
            if size and self._held > self.limits.max_held_bytes:
                raise busy()
            if taken > self.limits.max_body_bytes:
                raise too_large(self.limits.max_body_bytes)
            return message

        try:
            self._admit(scope, unpacked)
            await self.app(scope, limited_receive, counting_send)
        except ApiError as error:
            await error.response(scope["path"])(scope, receive, counting_send)
        finally:
            self._hold(-taken)
            route = getattr(scope.get("route"), "path", "other")
            self.metrics.requests(route, status).inc()
            self.metrics.seconds(route).observe(time.perf_counter() - started)

    def _hold(self, size: int) -> None:
        if size:
            self._held += size
            self.metrics.held_bytes.set(self._held)

    def _inner(self, path: str) -> str:
        """Return a path without the prefix, which a proxy may have taken off or left."""
        return path[len(self.root_path) :] or "/" if f"{path}/".startswith(f"{self.root_path}/") else path

    def _admit(self, scope: MutableMapping[str, Any], unpacked: "Unpacked") -> None:
        headers = dict(scope["headers"])
        if self.hosts is not None and _without_port(headers.get(b"host", b"").decode("latin-1")) not in self.hosts:
            raise ApiError(421, "wrong_host", "expected the server's own name in Host, received another.")
        if self.tokens is not None and scope["path"] not in OPEN:
            _spend(self.tokens, headers.get(b"authorization", b"").decode("latin-1"))
        if scope["path"] in SOLVING and self.full():
            raise busy()
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > self.limits.max_body_bytes:
            raise too_large(self.limits.max_body_bytes)
        unpacked.begin(headers.get(b"content-encoding", b"").decode("latin-1").strip().lower())


class Unpacked:
    """A body that was sent packed: unpacked as it comes, and no further than the limit."""

    def __init__(self) -> None:
        self.packed = False

    def begin(self, coding: str) -> None:
        """Take the body's coding.

        Raises:
            ApiError: 415 if it is none of gzip and identity.
        """
        self.packed = coding in ("gzip", "x-gzip")
        if self.packed:
            self._stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
            self._left: int | None = None
        elif coding not in ("", "identity"):
            message = f"expected a body as it is or packed with gzip, received {coding[:40]!r}; send it unpacked."
            raise ApiError(415, "wrong_coding", message)

    def part(self, message: Message, limit: int) -> Message:
        """Return a part of the body unpacked.

        Raises:
            ApiError: 400 if it is no gzip or is cut short, 413 if it unpacks to more than ``limit`` bytes.
        """
        self._left = limit if self._left is None else self._left
        try:
            body = self._stream.decompress(message["body"], self._left + 1)
        except zlib.error:
            raise _no_gzip("another text") from None
        self._left -= len(body)
        if self._left < 0:
            raise too_large(limit)
        if self._stream.unused_data:
            raise _no_gzip("more behind its end")
        if not (message.get("more_body") or self._stream.eof):
            raise _no_gzip("a part of it")
        return {**message, "body": body}


def _no_gzip(received: str) -> ApiError:
    message = f"expected one whole gzip stream, as Content-Encoding says, received {received}; send it unpacked."
    return ApiError(400, "bad_coding", message)


def _spend(tokens: Tokens, authorization: str) -> None:
    token = tokens.find(authorization)
    if token is None:
        message = (
            "expected a known token in Authorization: Bearer TOKEN, received none; ask the server's owner for one."
        )
        raise ApiError(401, "no_token", message, {"WWW-Authenticate": "Bearer"})
    wait_s = token.take(time.monotonic())
    if wait_s:
        message = f"expected at most {token.per_minute:,} requests a minute, received more; wait a little."
        raise ApiError(429, "too_many", message, {"Retry-After": str(math.ceil(wait_s))})


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() else host).lower()
