"""What a captcha is: the one description that travels with every data set, run and model, and every rule about labels.

Class 0 is the blank: the CTC blank, and the filler behind short texts. Characters have the ids 1 to K in the
order of the alphabet, so every head of every network has K + 1 classes.
"""

import string
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any, Literal, Self

import numpy as np
from pydantic import (
    BaseModel,
    ConfigDict,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from captcha_core.errors import SpecError, first_fault
from captcha_core.spec.arithmetic import answer_of

MIN_SIDE_PX, MAX_SIDE_PX = 8, 2048
MAX_LENGTH = 64
MAX_SECONDS = 600
DIGITS = string.digits
LOWER = string.ascii_lowercase
UPPER = string.ascii_uppercase
BLANK = 0
USUAL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}  # full-width forms of ASCII
LEFT_TO_RIGHT = ("L", "EN", "AN")  # classes of the bidirectional algorithm: letters and digits
AnswerKind = Literal["text", "arithmetic"]
Frame = Literal["first", "last", "fullest", "median", "union"]
LATER_DEFAULTS = {"answer": "text", "frame": "first"}


def composed(text: str) -> str:
    """Return a label as it comes in: composed, of usual width, and without marks that nobody sees.

    Names on a Mac have é as e and an accent (NFC joins them), Chinese keyboards write １ for 1, and texts that run from
    the right come with marks that say so.
    """
    seen = "".join(character for character in text.translate(USUAL_WIDTH) if unicodedata.category(character) != "Cf")
    return unicodedata.normalize("NFC", seen)


def drawn_order(text: str) -> str:
    """Return the characters of a text from left to right as they are drawn; of those, the text again.

    Hebrew and Arabic letters run from the right, the digits and Latin letters among them from the left.
    """
    ways = [unicodedata.bidirectional(character) for character in text]
    if "R" not in ways and "AL" not in ways:
        return text
    runs = [
        "".join(character for character, _ in run) if left else "".join(character for character, _ in run)[::-1]
        for left, run in groupby(zip(text, ways, strict=True), lambda pair: pair[1] in LEFT_TO_RIGHT)
    ]
    return "".join(reversed(runs))


@dataclass(frozen=True)
class Charset:
    """The characters a captcha can hold, in class order.

    Args:
        alphabet: Unique characters, at least two.
        case_sensitive: When false, labels are folded to the case that the alphabet uses.

    Raises:
        SpecError: If the alphabet is empty, repeats a character or contradicts ``case_sensitive``.
    """

    alphabet: str
    case_sensitive: bool = True

    def __post_init__(self) -> None:
        if len(self.alphabet) < 2:
            raise SpecError(f"expected an alphabet of at least two characters, received {self.alphabet!r}; add some.")
        seen = Counter(self._fold(character) for character in self.alphabet)
        twice = sorted({c for c in self.alphabet if seen[self._fold(c)] > 1})
        if twice:
            how = "" if self.case_sensitive else " (upper and lower case count as one when case_sensitive is false)"
            raise SpecError(
                f"expected every character of the alphabet once{how}, received {''.join(twice)!r} more than once; "
                "remove the repetition."
            )
        bad = [c for c in self.alphabet if c.isspace() or not c.isprintable()]
        if bad:
            raise SpecError(f"expected printable characters in the alphabet, received {bad[0]!r}; remove it.")

    @property
    def classes(self) -> int:
        """Number of classes K + 1, the blank included."""
        return len(self.alphabet) + 1

    def _fold(self, character: str) -> str:
        return character if self.case_sensitive else character.casefold()

    @cached_property
    def _ids(self) -> dict[str, int]:
        ids = {character: index for index, character in enumerate(self.alphabet, start=1)}
        if not self.case_sensitive:
            for character, index in list(ids.items()):
                ids.setdefault(character.lower(), index)
                ids.setdefault(character.upper(), index)
        return ids

    def normalise(self, text: str) -> str:
        """Return the text as the alphabet writes it.

        Raises:
            SpecError: If a character is not in the alphabet.
        """
        try:
            return "".join(self.alphabet[self._ids[character] - 1] for character in text)
        except KeyError as missing:
            raise SpecError(
                f"expected characters of {self.alphabet!r}, received {missing.args[0]!r} in the label {text!r}; "
                "correct the label or widen the alphabet."
            ) from None

    def normalised(self, text: str) -> str:
        """Return the text as the alphabet writes it, as it is where it holds characters that are not in it."""
        try:
            return self.normalise(text)
        except SpecError:
            return text

    def encode(self, texts: Iterable[str], length: int) -> np.ndarray:
        """Return int32 class ids (B, L), filled with the blank behind each text, in the order in which it is drawn.

        Raises:
            SpecError: If a text is longer than ``length`` or holds a foreign character.
        """
        rows = list(texts)
        ids = np.full((len(rows), length), BLANK, dtype=np.int32)
        for row, text in enumerate(rows):
            if len(text) > length:
                raise SpecError(f"expected at most {length} characters, received {len(text)} in {text!r}.")
            normal = drawn_order(self.normalise(text))
            ids[row, : len(text)] = [self._ids[character] for character in normal]
        return ids

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of class ids, blanks left out."""
        return drawn_order("".join(self.alphabet[index - 1] for index in ids if index != BLANK))


class CaptchaSpec(BaseModel):
    """A frozen description of one kind of captcha. Sizes are always (height, width).

    Image fields (``height_px``, ``width_px``, ``channels``) are set for images, audio fields (``sample_rate_hz``,
    ``max_seconds``) for audio, never both. ``answer`` says what is asked for: the text that is there, or what the sum
    that is there comes to; ``frame`` which frame of a moving picture counts. A field that came later is not written
    where it has its default, so that the digests of older data sets stay what they are.

    Raises:
        SpecError: From :meth:`build` and :meth:`from_json`, one sentence a fault.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    media: Literal["image", "audio"]
    alphabet: str
    min_length: int
    max_length: int
    case_sensitive: bool = True
    height_px: int | None = None
    width_px: int | None = None
    channels: Literal[1, 3] | None = None
    sample_rate_hz: int | None = None
    max_seconds: float | None = None
    answer: AnswerKind = "text"
    frame: Frame = "first"

    @model_serializer(mode="wrap")
    def _without_defaults(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = write(self)
        return {name: value for name, value in fields.items() if LATER_DEFAULTS.get(name) != value}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        Charset(self.alphabet, self.case_sensitive)
        if not 1 <= self.min_length <= self.max_length <= MAX_LENGTH:
            raise SpecError(
                f"expected 1 <= min_length <= max_length <= {MAX_LENGTH}, received {self.min_length} and "
                f"{self.max_length}; correct the lengths."
            )
        image = (self.height_px, self.width_px, self.channels)
        audio = (self.sample_rate_hz, self.max_seconds)
        mine, other = (image, audio) if self.media == "image" else (audio, image)
        if None in mine or any(value is not None for value in other):
            fields = "height_px, width_px and channels" if self.media == "image" else "sample_rate_hz and max_seconds"
            raise SpecError(f"expected exactly {fields} for {self.media}, received {self._sizes()}.")
        if self.media == "audio" and self.frame != "first":
            raise SpecError(f"expected no frame for audio, received {self.frame!r}; clips have none.")
        if self.media == "image" and not all(MIN_SIDE_PX <= side <= MAX_SIDE_PX for side in self.size_px):
            raise SpecError(
                f"expected a height and width of {MIN_SIDE_PX} to {MAX_SIDE_PX} pixels, received {self.size_px}."
            )
        if self.media == "audio" and not (4000 <= self.rate_hz <= 192_000 and 0 < self.seconds <= MAX_SECONDS):
            raise SpecError(
                f"expected 4,000 to 192,000 Hz and up to {MAX_SECONDS} seconds, received {self.rate_hz} Hz and "
                f"{self.seconds} s."
            )
        return self

    def _sizes(self) -> dict[str, Any]:
        names = ("height_px", "width_px", "channels", "sample_rate_hz", "max_seconds")
        return {name: getattr(self, name) for name in names}

    @cached_property
    def charset(self) -> Charset:
        """The alphabet with its rules."""
        return Charset(self.alphabet, self.case_sensitive)

    @property
    def size_px(self) -> tuple[int, int]:
        """(height, width) of an image spec."""
        if self.height_px is None or self.width_px is None:
            raise SpecError("expected an image specification, received an audio one; it has no size in pixels.")
        return self.height_px, self.width_px

    @property
    def shape(self) -> tuple[int, int, int]:
        """(H, W, C) of an image spec."""
        return (*self.size_px, self.channels or 1)

    @property
    def rate_hz(self) -> int:
        """Samples a second of an audio spec."""
        if self.sample_rate_hz is None:
            raise SpecError("expected an audio specification, received an image one; it has no sample rate.")
        return self.sample_rate_hz

    @property
    def seconds(self) -> float:
        """Longest clip of an audio spec."""
        if self.max_seconds is None:
            raise SpecError("expected an audio specification, received an image one; it has no duration.")
        return self.max_seconds

    @property
    def fixed_length(self) -> bool:
        """Whether all texts have one length."""
        return self.min_length == self.max_length

    @property
    def folds_case(self) -> bool:
        """Whether a letter may be written in either case; never where the alphabet has none."""
        return not self.case_sensitive and self.alphabet.lower() != self.alphabet.upper()

    def label(self, text: str) -> str:
        """Return the text as the alphabet writes it.

        Raises:
            SpecError: If its length or a character is outside the specification, or it has no answer.
        """
        text = composed(text)
        if self.answer == "arithmetic":
            text = "".join(text.split())
            answer_of(text)
        if not self.min_length <= len(text) <= self.max_length:
            span = str(self.min_length) if self.fixed_length else f"{self.min_length} to {self.max_length}"
            raise SpecError(
                f"expected a label of {span} characters, received {len(text)} in {text!r}; correct the label."
            )
        return self.charset.normalise(text)

    def share_known(self, reader: "CaptchaSpec") -> float:
        """Return the share of its characters that another specification has, in either case where that one has none."""
        known = set(reader.alphabet if reader.case_sensitive else reader.alphabet.lower() + reader.alphabet.upper())
        return sum(character in known for character in self.alphabet) / len(self.alphabet)

    def difference(self, other: "CaptchaSpec") -> str:
        """Return in words where two specifications differ, empty when they do not."""
        pairs = ((name, getattr(self, name), getattr(other, name)) for name in type(self).model_fields)
        return ", ".join(f"{name} {mine!r} and {theirs!r}" for name, mine, theirs in pairs if mine != theirs)

    def to_json(self) -> str:
        """Return the specification as spec.json holds it."""
        return self.model_dump_json(exclude_none=True)

    @classmethod
    def build(cls, **fields: Any) -> "CaptchaSpec":
        """Build and check a spec from plain values."""
        try:
            return cls(**fields)
        except ValidationError as error:
            raise SpecError(first_fault(error, "specification")) from None

    @classmethod
    def from_json(cls, text: str | bytes) -> "CaptchaSpec":
        """Read and check what :meth:`to_json` wrote."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise SpecError(first_fault(error, "specification")) from None
