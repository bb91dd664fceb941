"""What a solver says about one captcha."""

from dataclasses import dataclass

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
    """The text of one captcha, how sure the model is of the whole of it, and how long it took."""

    text: str
    confidence: float
    characters: tuple[Character, ...]
    elapsed_ms: float
