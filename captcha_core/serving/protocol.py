"""HTTP with a limit on how long a caller may take to send the headers of a request."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from captcha_core.serving.limits import HEADERS_S


class HeaderTimeoutProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which also closes connections of callers who send nothing, or too slowly.

    A timer runs from the beginning of the connection, and from each answer, until the headers of the next request are
    complete. uvicorn itself limits only the pause between two requests, and drops that limit at the next byte, so that
    callers who send a byte now and then hold connections for ever. Bodies have the deadline of their request.
    """

    headers_s = HEADERS_S
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Start the timer of a new connection."""
        super().connection_made(transport)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer."""
        self._stop_timer()
        super().connection_lost(exc)

    def on_headers_complete(self) -> None:
        """Stop the timer: the request has a deadline of its own."""
        self._stop_timer()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Start the timer for the rest of the body and the next request."""
        super().on_response_complete()
        if self.cycle.response_complete:  # else another request came meanwhile, and its answer begins
            self._start_timer()

    def _start_timer(self) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(self.headers_s, self._close)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _close(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()
