"""From a request to media and options: raw bytes, multipart, or base64 in JSON; options in the query or the body."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect, Request

from captcha_core.errors import first_fault
from captcha_core.serving.errors import ApiError, bad_request
from captcha_core.serving.limits import strict_base64
from captcha_core.serving.options import BatchRequest, SolveOptions, SolveRequest

Model = TypeVar("Model", bound=BaseModel)
Options = TypeVar("Options", bound=SolveOptions)
JSON = "application/json"
MULTIPART = "multipart/form-data"
MAX_FIELDS = 16
MAX_MARKS = 1024  # commas and brackets in JSON besides those between files; two options may be made of commas


def options_of(request: Request, kind: type[Options]) -> Options:
    """Return the options in a request's query.

    By hand and not by FastAPI, which takes 0.13 ms for them even where there are none.

    Raises:
        ApiError: 422 if one is unknown, given twice or out of its range.
    """
    if not request.scope["query_string"] and kind is SolveOptions:
        return kind()
    given = request.query_params.multi_items()
    options = dict(given)
    if len(options) < len(given):
        raise _invalid("expected every option once, received one twice; give it once.")
    return _valid(kind, options)


async def one(request: Request) -> tuple[bytes, SolveOptions]:
    """Return the file of a request, and its options: those of the body before those of the query.

    Raises:
        ApiError: If the body is none of the three kinds, or an option is none.
        DataError: If its base64 is none.
    """
    options = options_of(request, SolveOptions)
    kind = _content_type(request)
    if kind == JSON:
        asked = _parsed(SolveRequest, await _body(request), 1)
        return strict_base64(asked.media), _merged(options, asked)
    if kind == MULTIPART:
        files, options = await _form(request, options, 1)
        return files[0], options
    return await _body(request), options


async def many(request: Request, most: int) -> tuple[list[bytes], SolveOptions]:
    """Return the files of a batch, and its options.

    Raises:
        ApiError: If the body is neither JSON nor multipart, or holds no file or more than ``most``.
        DataError: If a base64 is none.
    """
    options = options_of(request, SolveOptions)
    kind = _content_type(request)
    if kind == MULTIPART:
        return await _form(request, options, most)
    if kind != JSON:
        raise ApiError(
            415, "wrong_body", f"expected a batch as {JSON} or {MULTIPART}, received another type; use one of them."
        )
    body = await _body(request)
    if body.count(b",") > MAX_MARKS + most:
        raise _too_many(most)
    asked = _parsed(BatchRequest, body, most)
    if len(asked.media) > most:
        raise _too_many(most)
    return [strict_base64(text) for text in asked.media], _merged(options, asked)


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _body(request: Request) -> bytes:
    try:
        return await request.body()
    except ClientDisconnect:
        raise bad_request("cut_off", "expected the whole body, received a part of it.") from None


async def _form(request: Request, options: SolveOptions, most: int) -> tuple[list[bytes], SolveOptions]:
    try:
        form = await request.form(max_files=most + 1, max_fields=MAX_FIELDS)
    except ClientDisconnect:
        raise bad_request("cut_off", "expected the whole body, received a part of it.") from None
    except ValueError:  # python-multipart's own errors are such
        raise bad_request("bad_form", "expected a well-formed multipart body, received another.") from None
    try:
        uploads = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
        fields = {name: value for name, value in form.multi_items() if isinstance(value, str)}
        if not uploads:
            raise bad_request("no_file", "expected a file in the form, received none; send it as a file field.")
        if len(uploads) > most:
            raise _too_many(most)
        files = [await upload.read() for upload in uploads]
    finally:
        await form.close()
    return files, _merged(options, _valid(SolveOptions, fields))


def _parsed(kind: type[Model], body: bytes, most: int) -> Model:
    # Counted before it is parsed: each value takes a hundred bytes of memory, each fault a thousand.
    if sum(body.count(mark) for mark in (b",", b"[", b"{")) > MAX_MARKS + most:
        raise _invalid("expected a JSON object of media and options, received far more; send these alone.")
    try:
        return kind.model_validate_json(body, strict=True)
    except ValidationError as error:
        raise _invalid(first_fault(error, "request")) from None


def _valid(kind: type[Model], fields: dict[str, str]) -> Model:
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        raise _invalid(first_fault(error, "request")) from None


def _invalid(message: str) -> ApiError:
    return ApiError(422, "invalid", message)


def _merged(query: SolveOptions, body: SolveOptions) -> SolveOptions:
    asked = body.model_dump(exclude={"media"}, exclude_unset=True)
    return query.model_copy(update=asked) if asked else query


def _too_many(most: int) -> ApiError:
    message = f"expected at most {most} files in one request, received more; send several requests."
    return ApiError(413, "too_many_files", message)
