"""Schemes as YAML files: what differs from a scheme that there is. Written by hand, by `schemes` and by `imitate`.

base: fonts
alphabet: "23456789"
length: 5
knobs: {rotate_deg: 25, dots: 0}
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator, model_validator

from captcha_core.errors import SpecError, first_fault
from captcha_core.sources.scheme import Knobs, Scheme
from captcha_core.spec.captcha import AnswerKind, CaptchaSpec, Frame
from captcha_core.yaml_files import ENDINGS, is_yaml, parse_yaml, read_yaml

NAME = re.compile(r"\w[\w.-]{0,63}")
NOUN = "scheme"
COMMENTS_FROM = 34  # column behind which the words on a knob stand
ARGUMENT = re.compile(r"^\s*(\w+): (.+?)(?=^\s*\w+: |\Z)", re.MULTILINE | re.DOTALL)


class SchemeFile(BaseModel):
    """What a scheme's file may say. All but ``base`` is optional.

    Args:
        base: The scheme that it is made from: its specification and knobs where the file says nothing else.
        name: By default the file's.
        length: ``min_length`` and ``max_length`` in one.
        knobs: Those that differ from the base's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    base: str
    name: str
    description: str = ""
    alphabet: str | None = None
    length: int | None = None
    min_length: int | None = None
    max_length: int | None = None
    case_sensitive: bool | None = None
    height_px: int | None = None
    width_px: int | None = None
    channels: int | None = None
    sample_rate_hz: int | None = None
    max_seconds: float | None = None
    answer: AnswerKind | None = None
    frame: Frame | None = None
    knobs: dict[str, Any] = {}

    @field_validator("alphabet", mode="before")
    @classmethod
    def _quoted(cls, value: Any) -> Any:
        if value is not None and not isinstance(value, str):
            raise SpecError(
                f"expected the alphabet in quotes, received {value!r}, which is no text to YAML; "
                f'write alphabet: "{value}".'
            )
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not NAME.fullmatch(self.name):
            raise SpecError(
                f"expected a name of letters, digits, '-', '.' and '_' for a scheme, received {self.name!r}; choose "
                "another."
            )
        if self.length is not None and not (self.min_length is None and self.max_length is None):
            raise SpecError(f"expected length or min_length and max_length in {self.name}, received both; leave one.")
        return self

    def spec(self, base: CaptchaSpec) -> CaptchaSpec:
        """Return the specification of the base, changed."""
        own = CaptchaSpec.model_fields.keys() & SchemeFile.model_fields.keys()
        given = {name: getattr(self, name) for name in own}
        given |= {"min_length": self.min_length or self.length, "max_length": self.max_length or self.length}
        folded = (self.alphabet or "").casefold()
        if self.case_sensitive is None and len(set(folded)) < len(folded):
            given["case_sensitive"] = True  # both cases of a letter are drawn
        return CaptchaSpec.build(
            **{**base.model_dump(), **{name: value for name, value in given.items() if value is not None}}
        )


def is_scheme(fields: Mapping[str, Any]) -> bool:
    """Tell whether a YAML file's fields are those of a scheme and not of a preset."""
    return "base" in fields


def read_scheme(path: Path, known: Mapping[str, Scheme]) -> Scheme:
    """Return the scheme that a file describes. An edit is seen at the next call.

    Args:
        path: The file.
        known: What it can be based on.

    Raises:
        SpecError: If there is no such file, or it cannot be right.
    """
    try:
        return _parsed(path, read_yaml(path, NOUN), known=_Known(known))
    except OSError as error:
        raise SpecError(
            f"expected a scheme's file, received {error.strerror} for {path}; correct the path, or name one of "
            f"{', '.join(known)}."
        ) from None


class _Known:
    """The known schemes, as an argument that a cache can hold."""

    def __init__(self, schemes: Mapping[str, Scheme]) -> None:
        self.schemes = schemes

    def __hash__(self) -> int:
        return id(self.schemes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Known) and self.schemes is other.schemes


@lru_cache(maxsize=64)
def _parsed(path: Path, content: bytes, known: _Known) -> Scheme:
    fields = parse_yaml(content, path, NOUN)
    if not is_scheme(fields):
        raise SpecError(
            f"expected base: and the name of a scheme in {path.name}, received none; begin with what captchalab "
            "schemes NAME prints."
        )
    try:
        file = SchemeFile.model_validate({"name": path.stem, **fields})
    except ValidationError as error:
        raise SpecError(first_fault(error, f"scheme {path.name}")) from None
    if file.base not in known.schemes:
        raise SpecError(
            f"expected the base of {path.name} among {', '.join(known.schemes)}, received {file.base!r}; name one of "
            "these."
        )
    if file.name in known.schemes:
        raise SpecError(
            f"expected a name of its own in {path.name}, received {file.name!r}, which is a scheme already; rename the "
            "file, or write another name: into it."
        )
    base = known.schemes[file.base]
    named = base.model_copy(update={"name": file.name, "description": file.description or f"From {path.name}."})
    return named.turned(**file.knobs).model_copy(update={"spec": file.spec(base.spec)})


def scheme_files(folder: Path, known: Mapping[str, Scheme]) -> dict[str, Scheme]:
    """Return the schemes whose files lie in a folder by their paths; what is none is left out."""
    found = {}
    for path in sorted(path for ending in ENDINGS for path in folder.glob(f"*{ending}")):
        try:
            found[str(path)] = read_scheme(path, known)
        except SpecError:
            continue
    return found


def find_scheme(name: str, known: Mapping[str, Scheme]) -> Scheme | None:
    """Return a scheme by its name or its file's path, None where there is none of this name."""
    return read_scheme(Path(name), known) if is_yaml(name) else known.get(name)


def as_yaml(scheme: Scheme, base: str, knobs: Mapping[str, Any] | None = None) -> str:
    """Return a scheme as such a file, with a word on each knob.

    Args:
        scheme: To be written.
        base: The scheme that it is made from.
        knobs: Those to write; by default all of them.
    """
    fields = scheme.spec.model_dump(exclude_none=True, exclude={"media"})
    values = scheme.knobs.model_dump(mode="json") if knobs is None else knobs
    lines = [f"base: {base}", f"name: {scheme.name}", f"description: {_flow(scheme.description)}"]
    lines += [f"{name}: {_flow(value)}" for name, value in fields.items()]
    return "\n".join([*lines, "knobs:", *_knob_lines(type(scheme.knobs), values)]) + "\n"


def _knob_lines(kind: type[Knobs], values: Mapping[str, Any]) -> Iterator[str]:
    words = {
        name: " ".join(text.split()) for name, text in ARGUMENT.findall((kind.__doc__ or "").partition("Args:")[2])
    }
    for name, value in values.items():
        if value and isinstance(value, list) and isinstance(value[0], dict):
            yield from (f"  {name}:", *(f"    - {_flow(one)}" for one in value))
            continue
        line = f"  {name}: {_flow(value)}"
        about = words.get(name, "").partition(". ")[0].rstrip(".").replace("`", "")
        yield f"{line:<{COMMENTS_FROM}}  # {about}" if about and len(line) < 120 else line


def _flow(value: Any) -> str:
    """Return a value on one line; JSON is YAML, too."""
    return json.dumps(value, ensure_ascii=False)
