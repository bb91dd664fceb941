"""The addresses of the API: take the request, ask the service, write the answer.

A body is a file's bytes, a form or JSON with base64; options stand in the query or in the body. Pydantic parses options
and JSON, Starlette forms. FastAPI's own parameters would take 75 microseconds of each request for the options alone.
"""

import asyncio
from codecs import BOM_UTF8
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, ValidationError
from pydantic_core import to_json
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from captcha_core.errors import DataError, first_fault
from captcha_core.serving import schemas
from captcha_core.serving.errors import ApiError, invalid, too_late, too_slow
from captcha_core.serving.limits import MAX_FIELDS, MAX_MARKS
from captcha_core.serving.schemas import BatchRequest, SolveOptions, SolveRequest, UrlOptions
from captcha_core.serving.service import ServedAnswer, Service
from captcha_core.spec.answer import Answer

Body = TypeVar("Body", bound=BaseModel)
Route = TypeVar("Route", bound=Callable[..., Any])
Received = tuple[Sequence[bytes | DataError], SolveOptions]
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
FIELDS = (b"media=", b"file=", b"image=", b"data=")  # how such a form begins; curl gives files this type, too
MULTIPART = "multipart/form-data"
NO_OPTIONS = SolveOptions()


def build_router(service: Service) -> APIRouter:
    """Return the routes of one server."""
    router = APIRouter()
    _add_solving(router, service)
    _add_url(router, service)
    _add_state(router, service)
    return router


def _add_solving(router: APIRouter, service: Service) -> None:
    deadline_s = service.limits.deadline_s

    def post(path: str, body: Mapping[str, Any], answer: type[BaseModel]) -> Callable[[Route], Route]:
        extra = {"requestBody": body, "parameters": schemas.query(SolveOptions)}
        return router.post(path, response_model=answer, responses=schemas.SOLVING, openapi_extra=extra, tags=["solve"])

    async def solve_one(received: tuple[list[bytes], SolveOptions]) -> Response:
        (media,), options = received
        return _json((await service.solve(media, options)).as_dict())

    async def solve_several(received: Received) -> Response:
        answers = await service.solve_all(*received)
        return _json({"results": [_item(index, answer) for index, answer in enumerate(answers)]})

    @post("/solve", schemas.ONE_FILE, schemas.AnswerBody)
    async def solve(request: Request) -> Response:
        """Read one captcha: the file as the body, as a form's file, or in base64 in JSON."""
        return await _in_time(deadline_s, _one(request), solve_one)

    @post("/solve/batch", schemas.SEVERAL_FILES, schemas.BatchBody)
    async def solve_batch(request: Request) -> Response:
        """Read several captchas, from a form's files or from base64 in JSON."""
        return await _in_time(deadline_s, _several(request, service.limits.max_batch), solve_several)


def _json(body: dict[str, Any], status: int = 200) -> Response:
    return Response(to_json(body), status, media_type=JSON)  # a fifth of the json module's time


def _item(index: int, outcome: ServedAnswer | ApiError) -> dict[str, Any]:
    if isinstance(outcome, ServedAnswer):
        return {"answer": outcome.as_dict()}
    body = outcome.body()
    return {**body, "error": {**body["error"], "index": index}}


def _add_url(router: APIRouter, service: Service) -> None:
    async def parsed(request: Request) -> UrlOptions:
        if not request.scope["query_string"]:  # such as a browser that looks what is here
            raise invalid(
                "expected a captcha by POST /solve or its address by GET /?url=..., received none; see /docs."
            )
        return _valid(UrlOptions, _query(request))

    async def solve_fetched(options: UrlOptions) -> Response:
        solved = await service.solve(await service.fetch(options.url), options)
        return PlainTextResponse(_typed(solved.answer), headers=_headers(solved))

    @router.get(
        "/",
        response_class=PlainTextResponse,
        responses=schemas.TEXT,
        openapi_extra={"parameters": schemas.query(UrlOptions)},
        tags=["solve"],
    )
    async def solve_url(request: Request) -> Response:
        """Read the captcha behind a URL, and answer its text alone, or what its sum comes to."""
        return await _in_time(service.limits.deadline_s, parsed(request), solve_fetched)


def _typed(answer: Answer) -> str:
    if answer.typed is None:
        raise ApiError(422, "no_answer", answer.refusal)
    return answer.typed


def _headers(solved: ServedAnswer) -> dict[str, str]:
    model, answer = solved.served.model, solved.answer
    return {
        "X-Captcha-Model": f"{model.name} {model.version or '-'} {model.alias or '-'}",
        "X-Captcha-Confidence": f"{answer.confidence:.6f}",
        "X-Captcha-Characters": " ".join(f"{one.confidence:.6f}" for one in answer.characters),
        "X-Captcha-Elapsed-Ms": f"{answer.elapsed_ms:.3f}",
    }


def _add_state(router: APIRouter, service: Service) -> None:
    @router.get("/models", response_model=schemas.ModelsBody, responses=schemas.COMMON, tags=["state"])
    async def models() -> Response:
        """List the models and what they read."""
        return _json({"models": [served.describe() for served in service.models.served.values()]})

    @router.get("/health/live", response_model=schemas.LiveBody, responses=schemas.COMMON, tags=["state"])
    async def live() -> Response:
        """Say that the process answers."""
        return _json({"status": "live"})

    @router.get("/health/ready", response_model=schemas.ReadyBody, responses=schemas.COMMON, tags=["state"])
    async def ready() -> Response:
        """Say which versions serve, whether the registry answers, and which versions were refused."""
        serving = [served.identity for served in service.models.served.values()]
        status, code = ("stopping", 503) if service.stopping.is_set() else ("ready", 200)
        return _json({"status": status, "models": serving, **service.watcher.state()}, code)

    @router.get("/metrics", response_class=Response, responses=schemas.NUMBERS, tags=["state"])
    async def metrics() -> Response:
        """Give Prometheus its numbers."""
        return Response(service.metrics.text(), media_type=CONTENT_TYPE_LATEST)


Asked = TypeVar("Asked")


async def _in_time(
    deadline_s: float, receiving: Awaitable[Asked], answer: Callable[[Asked], Awaitable[Response]]
) -> Response:
    """Receive a request and answer it before the deadline, or say which half was late: the caller's or the server's."""
    late = too_slow
    try:
        async with asyncio.timeout(deadline_s):
            asked = await receiving
            late = too_late
            return await answer(asked)
    except TimeoutError:
        raise late(deadline_s) from None


async def _one(request: Request) -> tuple[list[bytes], SolveOptions]:
    """Return the file of a request, and its options: those of the body before those of the query.

    Raises:
        ApiError: If the body is none of the three kinds, or an option is invalid.
        DataError: If its base64 is invalid.
    """
    options, kind = _options(request), _content_type(request)
    if kind == MULTIPART:
        return await _form(request, options, 1)
    body = await _body(request)
    if _is_json(kind, body):
        asked = _parsed(SolveRequest, body, 1)
        return [asked.media], _merged(options, asked)
    if kind == FORM and body.startswith(FIELDS):
        message = f"expected the file's bytes, {JSON} or {MULTIPART}, received {FORM}; send the file as one of these."
        raise ApiError(415, "wrong_body", message)
    return [body], options


async def _several(request: Request, most: int) -> Received:
    """Return the files of a batch, and its options. A file whose base64 is invalid is the error that says so.

    Raises:
        ApiError: If the body is neither JSON nor a form, or holds no file or more than ``most``.
    """
    options, kind = _options(request), _content_type(request)
    if kind == MULTIPART:
        return await _form(request, options, most)
    body = await _body(request)
    if not _is_json(kind, body):
        message = f"expected a batch as {JSON} or {MULTIPART}, received another type; use one of them."
        raise ApiError(415, "wrong_body", message)
    if body.count(b",") > MAX_MARKS + most:
        raise _too_many(most)
    asked = _parsed(BatchRequest, body, most)
    if len(asked.media) > most:
        raise _too_many(most)
    return asked.media, _merged(options, asked)


def _is_json(kind: str, body: bytes) -> bool:
    """Say whether a body is JSON: by its type or, as many tools send another one, by its brace; no file begins so."""
    return kind == JSON or body[:64].removeprefix(BOM_UTF8).lstrip().startswith(b"{")


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _options(request: Request) -> SolveOptions:
    return _valid(SolveOptions, _query(request)) if request.scope["query_string"] else NO_OPTIONS


def _query(request: Request) -> Mapping[str, str]:
    if len(request.query_params) < len(request.query_params.multi_items()):
        raise invalid("expected every option once, received one twice; give it once.")
    return request.query_params


async def _body(request: Request) -> bytes:
    try:
        return await request.body()
    except ClientDisconnect:
        raise _cut_off() from None


async def _form(request: Request, options: SolveOptions, most: int) -> tuple[list[bytes], SolveOptions]:
    try:
        async with request.form(max_files=most + 1, max_fields=MAX_FIELDS) as form:
            uploads = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
            fields = {name: value for name, value in form.multi_items() if isinstance(value, str)}
            if len(uploads) > most:
                raise _too_many(most)
            files = [await upload.read() for upload in uploads]
    except ClientDisconnect:
        raise _cut_off() from None
    except ValueError:  # the form parser's errors
        raise ApiError(400, "bad_form", "expected a well-formed multipart body, received another.") from None
    if not files:
        raise ApiError(400, "no_file", "expected a file in the form, received none; send it as a file field.")
    return files, _merged(options, _valid(SolveOptions, fields))


def _parsed(kind: type[Body], body: bytes, most: int) -> Body:
    # Counted before it is parsed: each value takes a hundred bytes of memory, each fault a thousand.
    if sum(body.count(mark) for mark in (b",", b"[", b"{")) > MAX_MARKS + most:
        raise invalid("expected a JSON object of media and options, received far more; send these alone.")
    try:
        return kind.model_validate_json(body.removeprefix(BOM_UTF8), strict=True)
    except ValidationError as error:
        raise invalid(first_fault(error, "request")) from None


def _valid(kind: type[Body], fields: Mapping[str, str]) -> Body:
    try:
        return kind.model_validate(dict(fields))
    except ValidationError as error:
        raise invalid(first_fault(error, "request")) from None


def _merged(query: SolveOptions, body: SolveOptions) -> SolveOptions:
    return query.model_copy(update=body.model_dump(exclude={"media"}, exclude_unset=True))


def _too_many(most: int) -> ApiError:
    message = f"expected at most {most} files in one request, received more; send several requests."
    return ApiError(413, "too_many_files", message)


def _cut_off() -> ApiError:
    return ApiError(400, "cut_off", "expected the whole body, received a part of it.")
