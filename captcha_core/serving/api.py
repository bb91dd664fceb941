"""The application: routes behind the guard, and errors that tell what is wrong and nothing else."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from captcha_core.errors import CaptchaError
from captcha_core.serving.errors import ApiError, internal, of_library, of_status
from captcha_core.serving.guard import OPEN, OWN_NAMES, Guard
from captcha_core.serving.routes import build_router
from captcha_core.serving.service import Service
from captcha_core.serving.tokens import Tokens

log = logging.getLogger("captchalab.serving")
DESCRIPTION = "Reads captchas, images and audio, with the models of a captchalab registry."


def build_app(service: Service, tokens: Tokens | None = None, hosts: frozenset[str] | None = OWN_NAMES) -> ASGIApp:
    """Return the application of one server.

    Args:
        service: What it stands on. The application starts its watcher and closes its workers.
        tokens: Who may ask; None for everybody, which only a server on loopback should allow.
        hosts: Host names it answers to; None for any.
    """
    app = FastAPI(title="captchalab", description=DESCRIPTION, lifespan=_lifespan(service), redoc_url=None)
    app.include_router(build_router(service))
    if tokens is not None:
        _document_tokens(app)
    app.add_exception_handler(ApiError, _of_api)
    app.add_exception_handler(CaptchaError, _of_library)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(Exception, _of_anything)
    return Guard(app, service.limits, service.metrics, tokens, hosts, lambda: service.workers.full)


def _document_tokens(app: FastAPI) -> None:
    """Say in the OpenAPI document which operations need a token."""
    schema = app.openapi()
    schema.setdefault("components", {})["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            operation["security"] = [] if path in OPEN else [{"token": []}]


def _lifespan(service: Service):  # type: ignore[no-untyped-def]  # FastAPI's own type for it is private
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.watcher.start()
        try:
            yield
        finally:
            service.stopping.set()
            service.watcher.stop()
            service.workers.close()

    return lifespan


async def _of_api(_: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return error.response()


async def _of_library(_: Request, error: Exception) -> Response:
    assert isinstance(error, CaptchaError)
    told = of_library(error)
    if told.status == 500:
        log.error("request failed: %s", error)
    return told.response()


async def _of_http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return of_status(error.status_code, dict(error.headers or {})).response()


async def _of_anything(_: Request, error: Exception) -> Response:
    return internal().response()  # Starlette has the traceback logged
