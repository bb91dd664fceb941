"""The scheme ``wild``: every family of pictures, letterboxed to one size for data sets."""

from collections.abc import Sequence
from typing import Any, Self

import cv2
import numpy as np
from pydantic import Field, field_validator, model_validator

from captcha_core.sources.scheme import Knobs, Scheme
from captcha_core.sources.wild.labels import ALPHABET, LONGEST
from captcha_core.spec.captcha import CaptchaSpec

HEIGHT_PX, WIDTH_PX = 64, 192


class WildKnobs(Knobs):
    """Which pictures are drawn.

    Args:
        families: Names of families to draw; all when there are none.
        without: Names of families to leave out.
    """

    families: tuple[str, ...] = Field((), max_length=100)
    without: tuple[str, ...] = Field((), max_length=100)

    @field_validator("families", "without", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        """Take names with commas between them, as a command line has them."""
        return tuple(value.split(",")) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.families or self.without:
            self.names()
        return self

    def names(self) -> tuple[str, ...]:
        """Return the families that are drawn."""
        from captcha_core.sources.wild.draw import family_names

        return family_names(self.families, self.without)


WILD = Scheme(
    name="wild",
    description="One to ten of 69 characters in the manner of all kinds of sites, each picture of its own kind.",
    spec=CaptchaSpec.build(
        media="image", alphabet=ALPHABET, min_length=1, max_length=LONGEST, height_px=HEIGHT_PX, width_px=WIDTH_PX,
        channels=3,
    ),
    knobs=WildKnobs(),
)  # fmt: skip


def texts(spec: CaptchaSpec, knobs: WildKnobs, seed: int, indices: range) -> list[str]:
    """Return the labels of samples, within a specification's alphabet and lengths."""
    from captcha_core.sources.wild.draw import wild_text

    names = knobs.names()
    return [wild_text(seed, index, names, spec.alphabet, spec.min_length, spec.max_length) for index in indices]


def draw_batch(
    spec: CaptchaSpec, knobs: WildKnobs, seed: int, indices: Sequence[int], texts: Sequence[str]
) -> np.ndarray:
    """Return uint8 (B, H, W, C): pictures scaled to a specification's size, with their page around them."""
    from captcha_core.sources.wild.draw import draw_wild

    names = knobs.names()
    pictures = np.empty((len(texts), *spec.shape), dtype=np.uint8)
    for row, (index, text) in enumerate(zip(indices, texts, strict=True)):
        image, _, _ = draw_wild(seed, index, names, text)
        boxed = letterboxed(image, *spec.size_px)
        pictures[row] = boxed if spec.channels == 3 else cv2.cvtColor(boxed, cv2.COLOR_RGB2GRAY)[..., None]
    return pictures


def letterboxed(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return uint8 (H, W, 3): an image scaled to fit, in the middle of a page of its own colour."""
    from captcha_core.sources.wild.network import page_colour

    scale = min(height / image.shape[0], width / image.shape[1])
    rows, columns = max(1, round(image.shape[0] * scale)), max(1, round(image.shape[1] * scale))
    boxed = np.empty((height, width, 3), dtype=np.uint8)
    boxed[:] = page_colour(image)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    top, left = (height - rows) // 2, (width - columns) // 2
    boxed[top : top + rows, left : left + columns] = cv2.resize(image, (columns, rows), interpolation=way)
    return boxed
