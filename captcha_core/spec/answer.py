"""What a solver says about one captcha, and which model says so."""

from dataclasses import dataclass, replace

from captcha_core.errors import SpecError
from captcha_core.spec.arithmetic import answer_of

Box = tuple[int, int, int, int]  # left, top, right, bottom


@dataclass(frozen=True, slots=True)
class Character:
    """One character that was read.

    Args:
        character: The character.
        confidence: Probability in [0, 1] that it is right.
        box_px: Its place in the picture, where the method knows it.
        span_s: (start, end) in the clip, where the method knows it.
    """

    character: str
    confidence: float
    box_px: Box | None = None
    span_s: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The text of one captcha, how sure the model is of the whole of it, and how long it took.

    Args:
        text: What was read.
        confidence: Probability in [0, 1] that it is right.
        characters: Its characters, from left to right.
        elapsed_ms: Time that it took.
        answer: Of a sum: what it comes to, None where the text is no sum; of any other captcha None.
        refusal: Why the text is no sum, in one sentence.
    """

    text: str
    confidence: float
    characters: tuple[Character, ...]
    elapsed_ms: float
    answer: str | None = None
    refusal: str = ""

    @property
    def typed(self) -> str | None:
        """What is to be typed: the answer to a sum, the text of any other captcha; None where there is none."""
        return None if self.refusal else self.text if self.answer is None else self.answer

    def worked_out(self) -> "Answer":
        """Return the answer with what the sum in its text comes to."""
        try:
            return replace(self, answer=answer_of(self.text))
        except SpecError as error:
            return replace(self, refusal=str(error))


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """Which model answered. ``version`` and ``alias`` are None where there is none."""

    name: str
    version: str | None = None
    alias: str | None = None
