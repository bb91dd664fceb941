"""What a caller is told when something is wrong: a code for programs and a sentence for people, never an inside."""

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from starlette.responses import JSONResponse, PlainTextResponse, Response

from captcha_core.errors import CaptchaError, DataError, SpecError
from captcha_core.fetch.fetch import FetchFailed, FetchTimeout
from captcha_core.fetch.url import UrlRefused


@dataclass
class ApiError(Exception):
    """An answer other than the one that was hoped for.

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
        return {"error": {"code": self.code, "message": self.message}, **self.extra}

    def response(self, plain: bool = False) -> Response:
        """Return it as JSON, or as its sentence alone."""
        if plain:
            return PlainTextResponse(self.message, self.status, self.headers)
        return JSONResponse(self.body(), self.status, self.headers)


class ErrorDetail(BaseModel):
    """What is wrong."""

    code: str
    message: str


class ErrorBody(BaseModel):
    """The body of every answer that is not 2xx."""

    error: ErrorDetail


def busy(seconds: int = 1) -> ApiError:
    """The queue is full."""
    return ApiError(
        503, "busy", "expected a free place, received more work than fits; try again soon.", _retry(seconds)
    )


def too_late(deadline_s: float) -> ApiError:
    """The work was not done in time."""
    message = f"expected an answer within {deadline_s:g} s, received none; try again."
    return ApiError(503, "deadline", message, _retry(1))


def too_slow(deadline_s: float) -> ApiError:
    """The caller did not send its body in time."""
    return ApiError(408, "too_slow", f"expected the whole body within {deadline_s:g} s, received less; send it again.")


def too_large(limit: int) -> ApiError:
    return ApiError(
        413, "too_large", f"expected a body of at most {limit:,} bytes, received more; send less at a time.", _close()
    )


def bad_request(code: str, message: str) -> ApiError:
    return ApiError(400, code, message)


def _retry(seconds: int) -> dict[str, str]:
    return {"Retry-After": str(seconds)}


def _close() -> dict[str, str]:
    return {"Connection": "close"}  # the rest of the body will not be read


def of_library(error: CaptchaError) -> ApiError:
    """Return what to tell of an error of ours. Only errors about the caller's own data speak for themselves."""
    if isinstance(error, UrlRefused):
        return ApiError(403, "url_refused", str(error))
    if isinstance(error, FetchTimeout):
        return ApiError(504, "fetch_timeout", str(error))
    if isinstance(error, FetchFailed):
        return ApiError(502, "fetch_failed", str(error))
    if isinstance(error, DataError):
        return ApiError(422, "unreadable", str(error))
    if isinstance(error, SpecError):
        return ApiError(422, "impossible", str(error))
    return internal()


def internal() -> ApiError:
    return ApiError(500, "internal", "expected an answer, received a fault of ours; it is in the server's log.")


def of_status(status: int, headers: dict[str, str] | None = None) -> ApiError:
    """Return what to tell of a bare HTTP status, such as an unknown path."""
    phrase = HTTPStatus(status).phrase
    return ApiError(status, phrase.lower().replace(" ", "_"), f"{phrase}; see /docs.", headers or {})
