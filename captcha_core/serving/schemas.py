"""What a caller may send and what comes back: every body once, for parsing and for the OpenAPI document."""

import binascii
import string
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from captcha_core.errors import DataError
from captcha_core.fetch.url import MAX_URL_CHARACTERS
from captcha_core.spec.captcha import MAX_LENGTH


def from_base64(text: Any) -> bytes:
    """Decode base64 as tools and browsers write it.

    Taken are both alphabets (``+/`` and ``-_``), lines of any length, with padding and without, and the ``data:``
    address of a file.

    Raises:
        DataError: If it is anything else; the message says what.
    """
    if not isinstance(text, str):
        raise ValueError("Input should be a string")  # pydantic says for which field
    start, comma, rest = text.partition(",") if text[:5].lower() == "data:" else ("", "", text)
    if start and not (comma and start.lower().endswith(";base64")):
        raise _no_base64("a data: address without ;base64,")
    letters = rest.encode("ascii", "replace").translate(URL_SAFE, b" \t\r\n\f\v")
    bare = letters.rstrip(b"=")
    if foreign := bare.translate(None, LETTERS):
        at = bare.index(foreign[:1])
        if bare.startswith((b"http:/", b"https:/")):
            raise _no_base64("an address; send the file itself, or ask GET /?url=", "")
        what = "'=' within it (two texts in one?)" if foreign[:1] == b"=" else "a character that it does not have"
        raise _no_base64(f"{what} behind {at:,} others")
    if len(bare) % 4 == 1 or len(letters) - len(bare) > 2:
        raise _no_base64(f"{len(bare):,} characters and {len(letters) - len(bare)} of padding; a part is lost")
    return binascii.a2b_base64(bare + b"=" * (-len(bare) % 4))


def _no_base64(received: str, advice: str = "; encode the file's bytes") -> DataError:
    return DataError(f"expected base64, received {received}{advice}.")


def base64_or_fault(text: Any) -> bytes | DataError:
    """Decode base64, or return what is wrong with it: one bad file of a batch costs only itself."""
    try:
        return from_base64(text)
    except DataError as error:
        return error


LETTERS = (string.ascii_letters + string.digits + "+/").encode()
URL_SAFE = bytes.maketrans(b"-_", b"+/")
BASE64 = WithJsonSchema({"type": "string", "format": "byte"})
File = Annotated[bytes, BeforeValidator(from_base64), BASE64]
FileOfBatch = Annotated[Any, BeforeValidator(base64_or_fault), BASE64]
Length = Annotated[int, Field(ge=1, le=MAX_LENGTH)]


class SolveOptions(BaseModel):
    """Options of one request; without any, the model's own specification holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str | None = Field(
        default=None,
        max_length=256,
        description="NAME, NAME@ALIAS or NAME/VERSION; without it the only model that fits the file.",
    )
    alphabet: str | None = Field(
        default=None, min_length=1, max_length=256, description="Read these characters of the model's alphabet only."
    )
    case: Literal["upper", "lower"] | None = Field(default=None, description="Answer in this case only.")
    length: Length | None = Field(default=None, description="The number of characters, where it is known.")
    min_length: Length | None = Field(default=None, description="The fewest characters.")
    max_length: Length | None = Field(default=None, description="The most characters.")
    min_confidence: float = Field(
        default=0.0, ge=0, le=1, description="Refuse an answer less sure than this, with 422 and the guess."
    )


class UrlOptions(SolveOptions):
    """Options of a request that names a URL."""

    url: str = Field(max_length=MAX_URL_CHARACTERS, description="Where the file is.")


class SolveRequest(SolveOptions):
    """One file in JSON."""

    media: File = Field(description="The file in base64.")


class BatchRequest(SolveOptions):
    """Several files in JSON."""

    media: list[FileOfBatch] = Field(min_length=1, description="The files in base64.")


class ErrorDetail(BaseModel):
    """What is wrong."""

    code: str
    message: str
    index: int | None = Field(default=None, description="Which file of a batch, from 0.")


class ErrorBody(BaseModel):
    """The body of every answer that is not 2xx."""

    error: ErrorDetail


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
    """What was read; of a sum also what it comes to, or why the text is none."""

    text: str
    answer: str | None = Field(default=None, description="Of a sum: what it comes to.")
    refusal: str | None = Field(default=None, description="Why the text is no sum and has no answer.")
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
    required = options.model_json_schema().get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": schema}
        for name, schema in _without_null(options).items()
    ]


def _without_null(options: type[SolveOptions]) -> dict[str, dict[str, Any]]:
    """Return the options' schemas for a place that cannot hold null: a query or a form."""
    schemas = {}
    for name, schema in options.model_json_schema()["properties"].items():
        (kind, *_) = [one for one in schema.get("anyOf", [{}]) if one.get("type") != "null"]
        schemas[name] = {**kind, **{key: value for key, value in schema.items() if key not in ("anyOf", "default")}}
    return schemas


def _content(raw: bool, files: dict[str, Any], body: type[SolveOptions]) -> dict[str, Any]:
    form = {
        "type": "object",
        "properties": {"file": files, **_without_null(SolveOptions)},
        "required": ["file"],
        "additionalProperties": False,
    }
    content = {
        **({"application/octet-stream": {"schema": FILE}} if raw else {}),
        "multipart/form-data": {"schema": form},
        "application/json": {"schema": body.model_json_schema()},
    }
    return {"required": True, "content": content}


ONE_FILE = _content(True, FILE, SolveRequest)
SEVERAL_FILES = _content(False, {"type": "array", "items": FILE, "minItems": 1}, BatchRequest)
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
TEXT: dict[int | str, dict[str, Any]] = {
    status: {"description": answer["description"], "content": {"text/plain": {"schema": {"type": "string"}}}}
    for status, answer in {
        **SOLVING,
        403: {"description": "The URL must not be fetched."},
        502: {"description": "The other server did not deliver."},
        504: {"description": "The other server did not deliver in time."},
    }.items()
}
NUMBERS: dict[int | str, dict[str, Any]] = {
    **COMMON,
    200: {"description": "The numbers.", "content": {"text/plain": {"schema": {"type": "string"}}}},
}
