"""The addresses of the API: take the request, ask the service, write the answer."""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from captcha_core.errors import CaptchaError
from captcha_core.serving import request as intake
from captcha_core.serving.errors import ApiError, of_library, too_late, too_slow
from captcha_core.serving.models import identity
from captcha_core.serving.options import SolveOptions, UrlOptions
from captcha_core.serving.schemas import (
    COMMON,
    NUMBERS,
    ONE_FILE,
    SEVERAL_FILES,
    SOLVING,
    TEXT,
    AnswerBody,
    BatchBody,
    LiveBody,
    ModelsBody,
    ReadyBody,
    query,
)
from captcha_core.serving.service import Reading, Service

Result = TypeVar("Result")


def build_router(service: Service) -> APIRouter:
    """Return the routes of one server."""
    router = APIRouter()
    _add_solving(router, service)
    _add_url(router, service)
    _add_state(router, service)
    return router


def _add_solving(router: APIRouter, service: Service) -> None:
    deadline_s = service.limits.deadline_s

    @router.post(
        "/solve",
        response_model=AnswerBody,
        responses=SOLVING,
        openapi_extra={"requestBody": ONE_FILE, "parameters": query(SolveOptions)},
        tags=["solve"],
    )
    async def solve(request: Request) -> Response:
        """Read one captcha: the file as the body, as a form's file, or in base64 in JSON."""
        async with _Deadline(deadline_s) as deadline:
            media, options = await deadline.body(intake.one(request))
            return _json((await service.read(media, options)).as_dict())

    @router.post(
        "/solve/batch",
        response_model=BatchBody,
        responses=SOLVING,
        openapi_extra={"requestBody": SEVERAL_FILES, "parameters": query(SolveOptions)},
        tags=["solve"],
    )
    async def solve_batch(request: Request) -> Response:
        """Read several captchas, from a form's files or from base64 in JSON."""
        async with _Deadline(deadline_s) as deadline:
            batch, options = await deadline.body(intake.many(request, service.limits.max_batch))
            results = [_item(outcome) for outcome in await service.read_all(batch, options)]
            return _json({"results": results})


def _json(body: dict[str, Any], status: int = 200) -> Response:
    return Response(to_json(body), status, media_type="application/json")  # a fifth of the json module's time


def _item(outcome: Reading | ApiError) -> dict[str, Any]:
    return outcome.body() if isinstance(outcome, ApiError) else {"answer": outcome.as_dict()}


def _add_url(router: APIRouter, service: Service) -> None:
    @router.get(
        "/",
        response_class=PlainTextResponse,
        responses=TEXT,
        openapi_extra={"parameters": query(UrlOptions)},
        tags=["solve"],
    )
    async def solve_url(request: Request) -> Response:
        """Read the captcha behind a URL, and answer its text alone."""
        try:
            async with _Deadline(service.limits.deadline_s):
                options = intake.options_of(request, UrlOptions)
                reading = await service.read(await service.fetch(options.url), options)
        except CaptchaError as error:
            return of_library(error).response(plain=True)
        except ApiError as error:
            return error.response(plain=True)
        return PlainTextResponse(reading.answer.text, headers=_headers(reading))


def _headers(reading: Reading) -> dict[str, str]:
    model, answer = reading.served.model, reading.answer
    return {
        "X-Captcha-Model": f"{model.name} {model.version or '-'} {model.alias or '-'}",
        "X-Captcha-Confidence": f"{answer.confidence:.6f}",
        "X-Captcha-Characters": " ".join(f"{one.confidence:.6f}" for one in answer.characters),
        "X-Captcha-Elapsed-Ms": f"{answer.elapsed_ms:.3f}",
    }


def _add_state(router: APIRouter, service: Service) -> None:
    @router.get("/models", response_model=ModelsBody, responses=COMMON, tags=["state"])
    async def models() -> Response:
        """List the models and what they read."""
        return _json({"models": [served.describe() for served in service.models.all()]})

    @router.get("/health/live", response_model=LiveBody, responses=COMMON, tags=["state"])
    async def live() -> Response:
        """Say that the process answers."""
        return _json({"status": "live"})

    @router.get("/health/ready", response_model=ReadyBody, responses=COMMON, tags=["state"])
    async def ready() -> Response:
        """Say which versions serve, whether the registry answers, and which versions were refused."""
        serving = [identity(served.model) for served in service.models.all()]
        status = "stopping" if service.stopping.is_set() else "ready"
        code = 503 if service.stopping.is_set() else 200
        return _json({"status": status, "models": serving, **service.watcher.state()}, code)

    @router.get("/metrics", response_class=PlainTextResponse, responses=NUMBERS, tags=["state"])
    async def metrics() -> Response:
        """Give Prometheus its numbers."""
        return Response(service.metrics.text(), media_type=CONTENT_TYPE_LATEST)


class _Deadline:
    """A block that has to be done in time, and says which half was late: the caller's or ours."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._timer = asyncio.timeout(seconds)
        self._receiving = False

    async def __aenter__(self) -> "_Deadline":
        await self._timer.__aenter__()
        return self

    async def body(self, reading: Awaitable[Result]) -> Result:
        """Wait for what the caller sends."""
        self._receiving = True
        result = await reading
        self._receiving = False
        return result

    async def __aexit__(self, *error: Any) -> None:
        try:
            await self._timer.__aexit__(*error)
        except TimeoutError:
            raise (too_slow if self._receiving else too_late)(self._seconds) from None
