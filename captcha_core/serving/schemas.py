"""The shapes of answers and bodies, for the OpenAPI document."""

from typing import Any, Literal

from pydantic import BaseModel

from captcha_core.serving.errors import ErrorBody, ErrorDetail
from captcha_core.serving.options import BatchRequest, SolveOptions, SolveRequest


class ModelName(BaseModel):
    """Which model answered."""

    name: str
    version: str | None
    alias: str | None


class CharacterBody(BaseModel):
    """One character, with its place where the model knows it."""

    character: str
    confidence: float
    box_px: tuple[int, int, int, int] | None = None
    span_s: tuple[float, float] | None = None


class AnswerBody(BaseModel):
    """What was read."""

    text: str
    confidence: float
    characters: list[CharacterBody]
    elapsed_ms: float
    model: ModelName


class BatchItem(BaseModel):
    """An answer, or why there is none."""

    answer: AnswerBody | None = None
    error: ErrorDetail | None = None
    guess: AnswerBody | None = None


class BatchBody(BaseModel):
    """One item for each file, in their order."""

    results: list[BatchItem]


class ModelBody(ModelName):
    """A model that is served, and what it reads."""

    spec: dict[str, Any]


class ModelsBody(BaseModel):
    """Every model that is served."""

    models: list[ModelBody]


class ChoiceBody(ErrorBody):
    """Which models there are to choose from."""

    models: list[ModelBody]


class UnsureBody(ErrorBody):
    """What is wrong; with the guess where it was only too unsure."""

    guess: AnswerBody | None = None


class LiveBody(BaseModel):
    """The process answers."""

    status: Literal["live"]


class RegistryBody(BaseModel):
    """Whether the model registry answers, and for how long it has not."""

    reachable: bool
    away_s: float | None


class RefusedBody(BaseModel):
    """A version that was not let in."""

    name: str
    version: str
    reason: str


class ReadyBody(BaseModel):
    """What serves, and what does not."""

    status: Literal["ready", "stopping"]
    models: list[ModelName]
    registry: RegistryBody
    refused: list[RefusedBody]


FILE = {"type": "string", "format": "binary"}


def query(options: type[SolveOptions]) -> list[dict[str, Any]]:
    """Return the options as parameters of the query."""
    schema = options.model_json_schema()
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _without_null(property)}
        for name, property in schema["properties"].items()
    ]


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema for a place that cannot hold null: a query or a form."""
    (kind, *_) = [one for one in schema.get("anyOf", [{}]) if one.get("type") != "null"]
    return {**kind, **{key: value for key, value in schema.items() if key not in ("anyOf", "default")}}


def _form(file: dict[str, Any]) -> dict[str, Any]:
    options = SolveOptions.model_json_schema()["properties"]
    return {
        "type": "object",
        "properties": {"file": file, **{name: _without_null(schema) for name, schema in options.items()}},
        "required": ["file"],
        "additionalProperties": False,
    }


def _content(**types: dict[str, Any]) -> dict[str, Any]:
    names = {"raw": "application/octet-stream", "form": "multipart/form-data", "json": "application/json"}
    return {"required": True, "content": {names[name]: {"schema": schema} for name, schema in types.items()}}


ONE_FILE = _content(raw=FILE, form=_form(FILE), json=SolveRequest.model_json_schema())
SEVERAL_FILES = _content(
    form=_form({"type": "array", "items": FILE, "minItems": 1}), json=BatchRequest.model_json_schema()
)
COMMON: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorBody, "description": "The request is not well-formed."},
    401: {"model": ErrorBody, "description": "No known token."},
    408: {"model": ErrorBody, "description": "The body did not come in time."},
    413: {"model": ErrorBody, "description": "The body is too large, or holds too many files."},
    421: {"model": ErrorBody, "description": "The Host header names another server."},
    429: {"model": ErrorBody, "description": "The token's rate is used up."},
    500: {"model": ErrorBody, "description": "A fault of the server's."},
    503: {"model": ErrorBody, "description": "Too much to do; Retry-After says when to come again."},
}
SOLVING: dict[int | str, dict[str, Any]] = {
    **COMMON,
    300: {"model": ChoiceBody, "description": "Several models fit: choose one."},
    404: {"model": ChoiceBody, "description": "No model of that name."},
    415: {"model": ErrorBody, "description": "No model reads such files."},
    422: {"model": UnsureBody, "description": "The file or an option cannot be read, or the answer is too unsure."},
}
NUMBERS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": answer["description"],
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorBody"}}},
    }
    for status, answer in COMMON.items()
}
TEXT: dict[int | str, dict[str, Any]] = {
    status: {"description": answer["description"], "content": {"text/plain": {"schema": {"type": "string"}}}}
    for status, answer in {
        **SOLVING,
        403: {"description": "The URL must not be fetched."},
        502: {"description": "The other server did not deliver."},
        504: {"description": "The other server did not deliver in time."},
    }.items()
}
