"""A scheme: one kind of captcha that can be drawn without end, as plain data."""

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from captcha_core.errors import SpecError, first_fault
from captcha_core.spec.captcha import CaptchaSpec


class Knobs(BaseModel):
    """Numeric settings of a generator. Each is bounded, so that difficulty can be swept."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Scheme(BaseModel):
    """A named specification with the knobs that draw it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    description: str
    spec: CaptchaSpec
    knobs: Knobs

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
