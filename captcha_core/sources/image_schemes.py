"""The image schemes, and the numbers that make their pictures easier or harder to read."""

import string
from typing import Annotated

from pydantic import Field

from captcha_core.sources.scheme import Knobs, Scheme
from captcha_core.spec.captcha import CaptchaSpec

Level = Annotated[int, Field(ge=0, le=255)]
Span = tuple[Level, Level]

PACKAGE_FONT = "package"


class ImageKnobs(Knobs):
    """Numbers of a picture. The defaults are those of ``captcha.image.ImageCaptcha``.

    Args:
        fonts: ``package`` for the one of the `captcha` package, names of fonts that matplotlib carries, or files.
        font_sizes_px: One is drawn for each character.
        rotate_deg: Characters turn by up to this angle to either side.
        stretch_x: Share of its width by which a character's corners move sideways at most.
        stretch_y: Share of its height by which a character's corners move up or down at most.
        space_probability: Of a gap, one space wide, before a character.
        overlap: Share of the average character by which one may slide over the one before it.
        background: Least and greatest level of each primary of the page.
        foreground: Least and greatest level of each primary of the text.
        opacity: Least and greatest alpha of the text.
        dots: Number of dots.
        dot_width_px: Thickness of a dot.
        arcs: Number of arcs across the picture.
        smooth: Whether to smooth the finished picture.
    """

    fonts: tuple[str, ...] = Field((PACKAGE_FONT,), min_length=1, max_length=64)
    font_sizes_px: tuple[Annotated[int, Field(ge=6, le=400)], ...] = Field((42, 50, 56), min_length=1, max_length=16)
    rotate_deg: float = Field(30.0, ge=0, le=90)
    stretch_x: float = Field(0.2, ge=0, le=0.5)
    stretch_y: float = Field(0.1, ge=0, le=0.5)
    space_probability: float = Field(0.5, ge=0, le=1)
    overlap: float = Field(0.25, ge=0, le=0.9)
    background: Span = (238, 255)
    foreground: Span = (10, 200)
    opacity: Span = (220, 255)
    dots: int = Field(30, ge=0, le=2000)
    dot_width_px: int = Field(3, ge=1, le=32)
    arcs: int = Field(1, ge=0, le=64)
    smooth: bool = True


def _spec(
    alphabet: str, least: int, most: int, height_px: int = 60, width_px: int = 160, **more: object
) -> CaptchaSpec:
    fields = {"channels": 1, **more}
    return CaptchaSpec.build(
        media="image",
        alphabet=alphabet,
        min_length=least,
        max_length=most,
        height_px=height_px,
        width_px=width_px,
        **fields,
    )


ALPHANUMERIC = string.digits + string.ascii_uppercase

IMAGE_SCHEMES: tuple[Scheme, ...] = (
    Scheme(
        name="digits4",
        description="Four digits, as the captcha package draws them.",
        spec=_spec(string.digits, 4, 4),
        knobs=ImageKnobs(),
    ),
    Scheme(
        name="alnum4",
        description="Four of 36 digits and capitals, as the captcha package draws them.",
        spec=_spec(ALPHANUMERIC, 4, 4, case_sensitive=False),
        knobs=ImageKnobs(),
    ),
    Scheme(
        name="alnum6",
        description="Four to six of 62 digits, capitals and small letters, as the captcha package draws them.",
        spec=_spec(ALPHANUMERIC + string.ascii_lowercase, 4, 6),
        knobs=ImageKnobs(),
    ),
)
