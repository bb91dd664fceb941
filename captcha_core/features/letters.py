"""What a letters network sees: the crops of a captcha's letters, as the segmentation finds them."""

from functools import partial
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from captcha_core.errors import DataError
from captcha_core.features.augment import Augment, augment_letters
from captcha_core.features.contract import FeaturesModel
from captcha_core.features.segmentation.segment import Segmentation, Segments, segment
from captcha_core.media.image import decode_image
from captcha_core.spec.answer import Box
from captcha_core.spec.captcha import MAX_LENGTH, CaptchaSpec


class NoLetters(DataError):
    """A picture that could not be cut into the letters it should hold."""


class LetterFeatures(FeaturesModel):
    """Squares of the letters, left to right; empty (black) squares stand behind a short text.

    Attributes:
        min_length: Fewest letters.
        max_length: Most letters L.
        segmentation: How they are found; it travels with the model.
        channels: 1, or 3 for networks that were made for colour: the same grey three times.
    """

    media: ClassVar[Literal["image"]] = "image"
    is_whole: ClassVar[bool] = False

    kind: Literal["letters"] = "letters"
    min_length: int = Field(ge=1)
    max_length: int = Field(ge=1, le=MAX_LENGTH)
    segmentation: Segmentation = Segmentation()
    channels: Literal[1, 3] = 1

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(L, S, S, C) of one sample."""
        side = self.segmentation.side_px
        return self.max_length, side, side, self.channels

    @property
    def letter(self) -> "LetterFeatures":  # type: ignore[override]
        """The features of pictures that hold one letter."""
        return self.model_copy(update={"min_length": 1, "max_length": 1})

    @property
    def expected(self) -> int | None:
        """The number of letters where all texts have the same."""
        return self.max_length if self.min_length == self.max_length else None

    def segment(self, pixels: np.ndarray) -> Segments:
        """Find the letters of uint8 (H, W, C).

        Raises:
            NoLetters: If the count is not one of the expected.
        """
        found = segment(pixels, self.expected, self.segmentation)
        if not found.ok:
            raise NoLetters(found.sentence())
        count = len(found.boxes_px)
        if not self.min_length <= count <= self.max_length:
            raise NoLetters(
                f"expected {self.min_length} to {self.max_length} letters, found {count}; use a network that reads "
                "whole captchas."
            )
        return found

    def from_array(self, pixels: np.ndarray, /) -> np.ndarray:
        """Return uint8 (L, S, S, C) of pixels uint8 (h, w, c).

        A picture that cannot be cut gives empty squares alone: a letters network learns nothing from them, and
        what it reads there is wrong.
        """
        try:
            return self._padded(self.segment(pixels).crops)
        except NoLetters:
            return np.zeros(self.shape, dtype=np.uint8)

    def look(self, media: bytes, spec: CaptchaSpec) -> tuple[np.ndarray, tuple[Box, ...]]:
        """Return uint8 (L, S, S, C) of an image file, and the letters' boxes in the file's own pixels.

        Raises:
            DataError: If the bytes are no readable image.
            NoLetters: If it could not be cut into letters.
        """
        pixels = decode_image(media, spec.channels or 1, frame=spec.frame)
        size = pixels.shape[:2]
        if size != spec.size_px:
            pixels = decode_image(media, spec.channels or 1, spec.size_px, spec.frame)
        found = self.segment(pixels)
        return self._padded(found.crops), tuple(_rescaled(box, spec.size_px, size) for box in found.boxes_px)

    def augmentation(self, strength: float) -> Augment | None:
        """Return what distorts each letter on its own."""
        return partial(augment_letters, strength=strength) if strength else None

    def _padded(self, crops: np.ndarray) -> np.ndarray:
        padded = np.zeros(self.shape, dtype=np.uint8)
        padded[: len(crops)] = crops[..., None]
        return padded

    @classmethod
    def of(cls, spec: CaptchaSpec) -> "LetterFeatures":
        """Return the features of our own letters network."""
        return cls(min_length=spec.min_length, max_length=spec.max_length)


def _rescaled(box: Box, size_px: tuple[int, int], own_px: tuple[int, int]) -> Box:
    if size_px == own_px:
        return box
    down, along = own_px[0] / size_px[0], own_px[1] / size_px[1]
    left, top, right, bottom = box
    return round(left * along), round(top * down), round(right * along), round(bottom * down)
