"""The scheme ``wild``: every family of pictures, each picture of its own size."""

from collections.abc import Sequence
from typing import Any, Self

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


def draw_batch(knobs: WildKnobs, seed: int, indices: Sequence[int], texts: Sequence[str]) -> list[np.ndarray]:
    """Return pictures uint8 (H, W, 3), each of its own size."""
    from captcha_core.sources.wild.draw import draw_wild

    names = knobs.names()
    return [draw_wild(seed, index, names, text)[0] for index, text in zip(indices, texts, strict=True)]
