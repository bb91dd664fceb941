"""What a caller may ask for: a model, and what an answer may look like."""

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from captcha_core.models.decode import Limits
from captcha_core.spec.answer import Answer
from captcha_core.spec.captcha import MAX_LENGTH, CaptchaSpec

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

    def limits(self, spec: CaptchaSpec) -> Limits | None:
        """Return how to narrow a model's answers, None where nothing is asked.

        Raises:
            SpecError: If no answer of the model could be such.
        """
        lengths = (self.length or self.min_length, self.length or self.max_length)
        alphabet = self._alphabet(spec)
        return None if alphabet is None and lengths == (None, None) else Limits.of(spec, alphabet, *lengths)

    def _alphabet(self, spec: CaptchaSpec) -> str | None:
        if self.case is None or not spec.case_sensitive:
            return self.alphabet
        other = str.isupper if self.case == "lower" else str.islower
        return "".join(c for c in dict.fromkeys(self.alphabet or spec.alphabet) if not other(c))

    def fold(self, answer: Answer) -> Answer:
        """Return the answer in the case that is asked for."""
        if self.case is None:
            return answer
        fold = str.upper if self.case == "upper" else str.lower
        characters = tuple(replace(one, character=fold(one.character)) for one in answer.characters)
        return replace(answer, text=fold(answer.text), characters=characters)


class UrlOptions(SolveOptions):
    """Options of a request that names a URL."""

    url: str = Field(max_length=2048, description="Where the file is.")


class SolveRequest(SolveOptions):
    """One file in JSON."""

    media: str = Field(description="The file in standard base64.", json_schema_extra={"format": "byte"})


class BatchRequest(SolveOptions):
    """Several files in JSON."""

    media: list[Annotated[str, Field(json_schema_extra={"format": "byte"})]] = Field(
        min_length=1, description="The files in standard base64."
    )
