"""What a network sees of a captcha: the questions that every kind of features answers, and the usual answers."""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
from pydantic import BaseModel, ConfigDict

from captcha_core.features.augment import Augment
from captcha_core.spec.answer import Box
from captcha_core.spec.captcha import CaptchaSpec


class Features(Protocol):
    """How captchas become the input of a network. One class a kind; :mod:`captcha_core.features.kinds` lists them."""

    @property
    def kind(self) -> str:
        """The name in a bundle's config.json."""

    @property
    def media(self) -> Literal["image", "audio"]:
        """What it is made of."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one sample's input."""

    @property
    def dtype(self) -> str:
        """NumPy's name of the input's type."""

    @property
    def is_whole(self) -> bool:
        """Whether the input shows the whole captcha, place by place."""

    @property
    def of_any_site(self) -> bool:
        """Whether the captchas may be of any kind, so that nothing is known of how they look."""

    @property
    def letter(self) -> "Features | None":
        """The features of one letter alone, None for those that do not look for letters."""

    @property
    def example(self) -> str:
        """Lines of Python, for users of an exported file, that make ``x`` of the file named by ``sys.argv[1]``."""

    def from_array(self, array: np.ndarray, /) -> np.ndarray:
        """Return the input for pixels or samples in memory."""

    def encode(self, arrays: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
        """Return the inputs (B, ...) for drawn pixels or samples."""

    def from_media(self, media: bytes, spec: CaptchaSpec) -> np.ndarray:
        """Return the input for a file's bytes."""

    def look(self, media: bytes, spec: CaptchaSpec) -> tuple[np.ndarray, tuple[Box, ...]]:
        """Return the input for a file's bytes, and the box of each character where it is known."""

    def more_looks(self, media: bytes, spec: CaptchaSpec) -> Iterator[np.ndarray]:
        """Yield further inputs for a file that was not surely read, the most promising first."""

    def augmentation(self, strength: float) -> Augment | None:
        """Return what distorts training batches, None where the strength is 0 or nothing fits."""

    def step_s(self, steps: int) -> float | None:
        """Return how long each of so many time steps of a network lasts, None where they are no times."""

    def upright(self, levels: np.ndarray) -> np.ndarray:
        """Return what is laid out as the input in the way that a person looks at it."""

    def model_dump(self) -> dict[str, Any]:
        """Return the settings as plain data."""

    def model_dump_json(self) -> str:
        """Return the settings as JSON."""


class FeaturesModel(BaseModel):
    """Settings of features as a bundle holds them, with the answers of most kinds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    dtype: ClassVar[str] = "uint8"
    is_whole: ClassVar[bool] = True
    of_any_site: ClassVar[bool] = False
    letter: ClassVar[Features | None] = None
    example: ClassVar[str] = """\
from captcha_core.features.kinds import FEATURES  # what this network sees is computed by captchalab
from captcha_core.spec.captcha import CaptchaSpec
spec = CaptchaSpec.build(**about["spec"])
x = FEATURES.validate_python(about["features"]).from_media(open(sys.argv[1], "rb").read(), spec)[None]
"""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one sample's input."""
        raise NotImplementedError

    def from_array(self, array: np.ndarray, /) -> np.ndarray:
        """Return the input for pixels or samples in memory."""
        raise NotImplementedError

    def look(self, media: bytes, spec: CaptchaSpec) -> tuple[np.ndarray, tuple[Box, ...]]:
        """Return the input for a file's bytes, and the box of each character where it is known."""
        raise NotImplementedError

    def from_media(self, media: bytes, spec: CaptchaSpec) -> np.ndarray:
        """Return the input for a file's bytes."""
        return self.look(media, spec)[0]

    def encode(self, arrays: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
        """Return the inputs (B, ...); a batch that already has their shape and type is taken as it is."""
        if isinstance(arrays, np.ndarray) and arrays.shape[1:] == self.shape and arrays.dtype == self.dtype:
            return arrays
        return np.stack([self.from_array(array) for array in arrays])

    def more_looks(self, media: bytes, spec: CaptchaSpec) -> Iterator[np.ndarray]:  # noqa: ARG002
        """Yield nothing: one look is all."""
        return iter(())

    def augmentation(self, strength: float) -> Augment | None:
        """Return None: nothing fits."""

    def step_s(self, steps: int) -> float | None:
        """Return None: steps are places in the text."""

    def upright(self, levels: np.ndarray) -> np.ndarray:
        """Return the levels as they are."""
        return levels
