"""What a captcha is: the one description that travels with every data set, run and model."""

from functools import cached_property
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from captcha_core.errors import SpecError, first_fault
from captcha_core.spec.charset import Charset

MAX_SIDE_PX = 2048
MAX_LENGTH = 64
MAX_SECONDS = 600


class CaptchaSpec(BaseModel):
    """A frozen description of one kind of captcha. Sizes are always (height, width).

    Image fields (``height_px``, ``width_px``, ``channels``) are set for images, audio fields (``sample_rate_hz``,
    ``max_seconds``) for audio, never both.

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
        if self.media == "image" and not all(8 <= side <= MAX_SIDE_PX for side in self.size_px):
            raise SpecError(f"expected a height and width of 8 to {MAX_SIDE_PX} pixels, received {self.size_px}.")
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
        if self.sample_rate_hz is None:
            raise SpecError("expected an audio specification, received an image one; it has no sample rate.")
        return self.sample_rate_hz

    @property
    def seconds(self) -> float:
        if self.max_seconds is None:
            raise SpecError("expected an audio specification, received an image one; it has no duration.")
        return self.max_seconds

    @property
    def fixed_length(self) -> bool:
        return self.min_length == self.max_length

    @property
    def folds_case(self) -> bool:
        """Whether a letter may be written in either case; never where the alphabet has none."""
        return not self.case_sensitive and self.alphabet.lower() != self.alphabet.upper()

    def label(self, text: str) -> str:
        """Return the text as the alphabet writes it.

        Raises:
            SpecError: If its length or a character is outside the specification.
        """
        if not self.min_length <= len(text) <= self.max_length:
            span = str(self.min_length) if self.fixed_length else f"{self.min_length} to {self.max_length}"
            raise SpecError(
                f"expected a label of {span} characters, received {len(text)} in {text!r}; correct the label."
            )
        return self.charset.normalise(text)

    def difference(self, other: "CaptchaSpec") -> str:
        """Return in words where two specifications differ, empty when they do not."""
        mine, theirs = self.model_dump(), other.model_dump()
        return ", ".join(f"{name} {mine[name]!r} and {theirs[name]!r}" for name in mine if mine[name] != theirs[name])

    def to_json(self) -> str:
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
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise SpecError(first_fault(error, "specification")) from None
