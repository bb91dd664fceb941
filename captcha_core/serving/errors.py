"""What a caller learns when something is wrong: a code for programs and a sentence for people, no internals."""

import logging
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from captcha_core.errors import CaptchaError, DataError, SpecError
from captcha_core.fetch.fetch import FetchFailed, FetchTimeout
from captcha_core.fetch.url import UrlRefused

log = logging.getLogger("captchalab.serving")
PLAIN = "/"  # this route answers plain text, errors too
# Only errors about the caller's own request speak for themselves. Subclasses stand before their base.
OF_CALLER: tuple[tuple[type[CaptchaError], int, str], ...] = (
    (UrlRefused, 403, "url_refused"),
    (FetchTimeout, 504, "fetch_timeout"),
    (FetchFailed, 502, "fetch_failed"),
    (DataError, 422, "unreadable"),
    (SpecError, 422, "impossible"),
)


@dataclass
class ApiError(Exception):
    """An answer that is not 2xx.

    Args:
        status: HTTP status.
        code: A word for programs.
        message: One sentence for people.
        headers: Further headers.
        extra: Further members of the body.
    """

    status: int
    code: str
    message: str
    headers: dict[str, str] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """Return the JSON body."""
        return {"error": {"code": self.code, "message": self.message}, **self.extra}

    def response(self, path: str = "") -> Response:
        """Return the response for a route: JSON, or the sentence alone where the route answers plain text."""
        if path == PLAIN:
            return PlainTextResponse(self.message, self.status, self.headers)
        return JSONResponse(self.body(), self.status, self.headers)


def busy() -> ApiError:
    """Return the error for a full queue."""
    message = "expected a free place, received more work than fits; try again soon."
    return ApiError(503, "busy", message, {"Retry-After": "1"})


def too_late(deadline_s: float) -> ApiError:
    """Return the error for work that was not done in time."""
    message = f"expected an answer within {deadline_s:g} s, received none; try again."
    return ApiError(503, "deadline", message, {"Retry-After": "1"})


def too_slow(deadline_s: float) -> ApiError:
    """Return the error for a caller who did not send the body in time."""
    return ApiError(408, "too_slow", f"expected the whole body within {deadline_s:g} s, received less; send it again.")


def too_large(limit: int) -> ApiError:
    """Return the error for a body over the limit. The connection closes, because the rest of the body stays unread."""
    message = f"expected a body of at most {limit:,} bytes, received more; send less at a time."
    return ApiError(413, "too_large", message, {"Connection": "close"})


def invalid(message: str) -> ApiError:
    """Return the error for an option or a body of the wrong form."""
    return ApiError(422, "invalid", message)


def api_error(error: CaptchaError | ApiError) -> ApiError:
    """Return what a caller may know of an error of the library."""
    if isinstance(error, ApiError):
        return error
    known = ((status, code) for kind, status, code in OF_CALLER if isinstance(error, kind))
    status, code = next(known, (0, ""))
    return ApiError(status, code, str(error)) if status else internal()


def internal() -> ApiError:
    """Return the error for a fault of the server's own."""
    return ApiError(500, "internal", "expected an answer, received a server fault; it is in the server's log.")


def add_error_handlers(app: FastAPI) -> None:
    """Answer every exception that leaves a route."""

    async def of_library(request: Request, error: Exception) -> Response:
        assert isinstance(error, ApiError | CaptchaError)
        answer = api_error(error)
        if answer.status == 500:
            log.error("request failed: %s", error)
        return answer.response(request.scope["path"])

    async def of_http(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        phrase = HTTPStatus(error.status_code).phrase
        code = phrase.lower().replace(" ", "_")
        return ApiError(error.status_code, code, f"{phrase}; see /docs.", dict(error.headers or {})).response()

    async def of_anything(_request: Request, _error: Exception) -> Response:
        return internal().response()  # Starlette logs the traceback

    app.add_exception_handler(ApiError, of_library)
    app.add_exception_handler(CaptchaError, of_library)
    app.add_exception_handler(HTTPException, of_http)
    app.add_exception_handler(Exception, of_anything)
