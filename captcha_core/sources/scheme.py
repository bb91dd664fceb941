"""A scheme: one kind of captcha that can be drawn without end, as plain data, and made easier or harder."""

import hashlib
from dataclasses import dataclass
from typing import Any

from annotated_types import Ge, Le
from pydantic import BaseModel, ConfigDict, ValidationError

from captcha_core.errors import SpecError, first_fault
from captcha_core.spec.captcha import CaptchaSpec


class Knobs(BaseModel):
    """Settings of a generator. Each is bounded, and ``Annotated`` with how difficulty changes it, if it does."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class Scaled:
    """Marks a knob that difficulty multiplies."""

    def harder(self, value: float, difficulty: float) -> float:
        """Return the value at a difficulty, where 1 is the value itself."""
        return value * difficulty


@dataclass(frozen=True)
class Lowered:
    """Marks a knob that every step of difficulty lowers by so much."""

    step: float

    def harder(self, value: float, difficulty: float) -> float:
        """Return the value at a difficulty, where 1 is the value itself."""
        return value - self.step * (difficulty - 1)


class Scheme(BaseModel):
    """A named specification with the knobs that draw it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    description: str
    spec: CaptchaSpec
    knobs: Knobs

    @property
    def digest(self) -> str:
        """SHA-256 over all that decides what is drawn."""
        return hashlib.sha256(f"{self.spec.to_json()}\n{self.knobs.model_dump_json()}".encode()).hexdigest()

    def turned(self, **changes: Any) -> "Scheme":
        """Return the scheme with some knobs set to other values.

        Raises:
            SpecError: If a knob is unknown or out of its bounds.
        """
        try:
            knobs = type(self.knobs).model_validate({**self.knobs.model_dump(), **changes})
        except ValidationError as error:
            raise SpecError(first_fault(error, f"knob of {self.name}")) from None
        return self.model_copy(update={"knobs": knobs})


def harder(scheme: Scheme, difficulty: float) -> Scheme:
    """Return a scheme with its knobs turned: 1 leaves it as it is, 0 is as plain as they go, 2 is twice as hard.

    A knob stops at its bounds.
    """
    return scheme.turned(**_harder_knobs(scheme.knobs, difficulty))


def can_turn(scheme: Scheme) -> bool:
    """Return whether difficulty changes anything."""
    return harder(scheme, 2.0) != harder(scheme, 1.0)


def _harder_knobs(knobs: Knobs, difficulty: float) -> dict[str, Any]:
    """Return the knobs that difficulty changes, those of the knobs within knobs too."""
    changes: dict[str, Any] = {}
    for name, field in type(knobs).model_fields.items():
        value = getattr(knobs, name)
        marks = [mark for mark in field.metadata if isinstance(mark, Scaled | Lowered)]
        if marks and value is not None:
            turned = _within(field.metadata, marks[0].harder(value, difficulty))
            changes[name] = round(turned) if isinstance(value, int) else turned
        elif isinstance(value, tuple) and value and isinstance(value[0], Knobs):
            changes[name] = tuple({**each.model_dump(), **_harder_knobs(each, difficulty)} for each in value)
    return changes


def _within(bounds: list[Any], value: float) -> float:
    """Return the value, or the bound that it lies beyond."""
    least: list[Any] = [bound.ge for bound in bounds if isinstance(bound, Ge)]
    most: list[Any] = [bound.le for bound in bounds if isinstance(bound, Le)]
    limited: float = min([max([value, *least]), *most])
    return limited
