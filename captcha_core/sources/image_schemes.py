"""The image schemes, and the numbers that make their pictures easier or harder to read."""

import string
from typing import Annotated, Self

from pydantic import Field, model_validator

from captcha_core.errors import SpecError
from captcha_core.sources.raster.fonts import PACKAGE_FONT
from captcha_core.sources.scheme import Knobs, Scheme
from captcha_core.spec.captcha import CaptchaSpec

Level = Annotated[int, Field(ge=0, le=255)]
Span = tuple[Level, Level]
FontSize = Annotated[int, Field(ge=6, le=400)]


class ImageKnobs(Knobs):
    """Numbers of a picture. The defaults are those of ``captcha.image.ImageCaptcha``.

    Args:
        fonts: ``package`` for the one of the `captcha` package, names of fonts that matplotlib carries, files, or
            ``strokes`` and ``strokes-bold`` for digits in a round handwriting.
        font_sizes_px: One is drawn for each character, as is a font.
        rotate_deg: Characters turn by up to this angle to either side.
        stretch_x: Share of its width by which a character's corners move sideways at most.
        stretch_y: Share of its height by which a character's corners move up or down at most.
        fill_tile: Whether a character is stretched to the place that the font gives it, ascent and all.
        baseline: Share of the height that is above the line on which characters stand that fill no tile.
        antialias: Whether text is blended in by its alpha, and not through the package's mask.
        mask_gain: Steepness of antialiased edges; 1 leaves them as they are.
        mask_levels: Number of steps from page to ink at antialiased edges; 0 for all there are.
        space_probability: Of no gap before a character; a gap is one space wide.
        overlap: Share of the average character by which one may slide over the one before it.
        pitch_px: Distance from one character to the next; 0 for one after the other.
        margin_px: Where the first character begins when there is a pitch.
        loose: Whether text without a pitch begins anywhere that leaves room for it.
        jitter_x_px: Characters move sideways by up to this.
        jitter_y_px: Characters move up or down by up to this.
        background: Least and greatest level of each primary of the page.
        foreground: Least and greatest level of each primary of the text.
        opacity: Least and greatest alpha of the text.
        colour_each: Whether every character and line has a colour of its own.
        gradient: Greatest difference in level between two sides of the page.
        texture: Greatest height of smooth noise on the page, in levels.
        texture_px: Size of its grains.
        wave_px: Greatest height of a wave along which the text goes up and down.
        wave_length_px: Its length, give or take a quarter.
        lines: Number of lines that strike the text through, along the wave.
        line_width_px: Their thickness.
        stars: Number of small asterisks.
        stars_in_front: Share of them that cover the text instead of lying behind it.
        star_levels: Least and greatest level of each of their primaries.
        dots: Number of dots.
        dot_width_px: Their thickness.
        arcs: Number of arcs across the picture.
        smooth: Whether to smooth the finished picture.
        looks: Other settings, of which one is drawn for each picture in place of these.
    """

    fonts: tuple[str, ...] = Field((PACKAGE_FONT,), min_length=1, max_length=64)
    font_sizes_px: tuple[FontSize, ...] = Field((42, 50, 56), min_length=1, max_length=16)
    rotate_deg: float = Field(30.0, ge=0, le=90)
    stretch_x: float = Field(0.2, ge=0, le=0.5)
    stretch_y: float = Field(0.1, ge=0, le=0.5)
    fill_tile: bool = True
    baseline: float = Field(0.7, ge=0, le=1)
    antialias: bool = False
    mask_gain: float = Field(1.0, ge=0.1, le=10)
    mask_levels: int = Field(0, ge=0, le=255)
    space_probability: float = Field(0.5, ge=0, le=1)
    overlap: float = Field(0.25, ge=0, le=0.9)
    pitch_px: float = Field(0.0, ge=0, le=400)
    margin_px: int = Field(0, ge=0, le=400)
    loose: bool = False
    jitter_x_px: int = Field(0, ge=0, le=200)
    jitter_y_px: int = Field(0, ge=0, le=200)
    background: Span = (238, 255)
    foreground: Span = (10, 200)
    opacity: Span = (220, 255)
    colour_each: bool = False
    gradient: int = Field(0, ge=0, le=255)
    texture: int = Field(0, ge=0, le=255)
    texture_px: int = Field(6, ge=1, le=200)
    wave_px: float = Field(0.0, ge=0, le=100)
    wave_length_px: float = Field(80.0, ge=4, le=4000)
    lines: int = Field(0, ge=0, le=64)
    line_width_px: float = Field(2.0, ge=0.5, le=32)
    stars: int = Field(0, ge=0, le=1000)
    stars_in_front: float = Field(0.0, ge=0, le=1)
    star_levels: Span = (160, 255)
    dots: int = Field(30, ge=0, le=2000)
    dot_width_px: int = Field(3, ge=1, le=32)
    arcs: int = Field(1, ge=0, le=64)
    smooth: bool = True
    looks: tuple["ImageKnobs", ...] = ()

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        for name in ("background", "foreground", "opacity", "star_levels"):
            least, most = getattr(self, name)
            if least > most:
                raise SpecError(f"expected the lower level of {name} first, received {least} and {most}; swap them.")
        return self


def _spec(alphabet: str, least: int, most: int, **more: object) -> CaptchaSpec:
    fields = {"height_px": 60, "width_px": 160, "channels": 1, "case_sensitive": True, **more}
    return CaptchaSpec.build(media="image", alphabet=alphabet, min_length=least, max_length=most, **fields)


DIGITS, CAPITALS = string.digits, string.ascii_uppercase
CARRIED_FONTS = (
    "DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSansMono", "DejaVuSansMono-Bold", "DejaVuSerif",
    "DejaVuSerif-Bold", "DejaVuSerif-Italic", "STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic", "cmr10", "cmss10",
    "cmtt10",
)  # fmt: skip

TOUCHING = ImageKnobs(
    rotate_deg=20.0, antialias=True, space_probability=1.0, overlap=0.5, loose=True, colour_each=True, dots=10,
    foreground=(0, 170), font_sizes_px=(42, 48, 54),
)  # fmt: skip
WAVY = ImageKnobs(
    fonts=("DejaVuSans", "DejaVuSansMono-Bold", "package"), font_sizes_px=(34, 38, 42), rotate_deg=12.0, stretch_x=0.1,
    fill_tile=False, antialias=True, space_probability=1.0, overlap=0.15, loose=True, wave_px=8.0, lines=1,
    line_width_px=2.5, dots=0, arcs=0, foreground=(0, 120),
)  # fmt: skip
NTHU = ImageKnobs(
    fonts=("strokes",) * 5 + ("strokes-bold",), font_sizes_px=(14, 15, 16, 17, 18, 19, 20), rotate_deg=10.0,
    stretch_x=0.0, stretch_y=0.0, fill_tile=False, baseline=0.8, antialias=True, mask_gain=1.4, mask_levels=8,
    pitch_px=16.0, margin_px=2, jitter_x_px=2, jitter_y_px=7, background=(255, 255), foreground=(0, 159),
    opacity=(255, 255), colour_each=True, stars=20, stars_in_front=0.38, dots=0, arcs=0, smooth=False,
)  # fmt: skip
TEXTURED = ImageKnobs(
    fonts=("package", "DejaVuSans-Bold", "DejaVuSerif-Bold"), font_sizes_px=(38, 44, 50), rotate_deg=20.0,
    antialias=True, space_probability=0.8, loose=True, background=(150, 240), foreground=(0, 110), colour_each=True,
    gradient=120, texture=60, texture_px=7, dots=20, arcs=1,
)  # fmt: skip
FONTS = ImageKnobs(
    fonts=CARRIED_FONTS, font_sizes_px=(34, 38, 42, 46), rotate_deg=15.0, stretch_x=0.1, stretch_y=0.05,
    fill_tile=False, antialias=True, space_probability=0.8, overlap=0.15, loose=True, jitter_y_px=4, dots=15, arcs=1,
)  # fmt: skip
MIXED = ImageKnobs(
    looks=(
        ImageKnobs(),
        TOUCHING,
        WAVY,
        NTHU.model_copy(
            update={"fonts": ("DejaVuSans", "DejaVuSans-Bold"), "font_sizes_px": (28, 32, 36), "pitch_px": 25.0}
        ),
        TEXTURED,
        FONTS,
    )
)


def _scheme(name: str, description: str, spec: CaptchaSpec, knobs: ImageKnobs) -> Scheme:
    return Scheme(name=name, description=description, spec=spec, knobs=knobs)


_36 = DIGITS + CAPITALS
_62 = _36 + string.ascii_lowercase

IMAGE_SCHEMES: tuple[Scheme, ...] = (
    _scheme("digits4", "Four digits, as the captcha package draws them.", _spec(DIGITS, 4, 4), ImageKnobs()),
    _scheme(
        "alnum4",
        "Four of 36 digits and capitals, as the captcha package draws them.",
        _spec(_36, 4, 4, case_sensitive=False),
        ImageKnobs(),
    ),
    _scheme(
        "alnum6",
        "Four to six of 62 digits, capitals and small letters, as the captcha package draws them.",
        _spec(_62, 4, 6),
        ImageKnobs(),
    ),
    _scheme(
        "touching",
        "Four to six of 36 that touch and overlap, each in its colour.",
        _spec(_36, 4, 6, case_sensitive=False, channels=3),
        TOUCHING,
    ),
    _scheme(
        "wavy",
        "Four to six of 36 along a wave, struck through by a line that follows it.",
        _spec(_36, 4, 6, case_sensitive=False, width_px=200),
        WAVY,
    ),
    _scheme(
        "nthu6",
        "Six handwritten digits in six colours among small stars on white.",
        _spec(DIGITS, 6, 6, height_px=32, width_px=104, channels=3),
        NTHU,
    ),
    _scheme(
        "textured",
        "Four to six of 36 on gradients and smooth noise.",
        _spec(_36, 4, 6, case_sensitive=False, channels=3),
        TEXTURED,
    ),
    _scheme(
        "fonts",
        "Four to six of 62, every character in one of many fonts.",
        _spec(_62, 4, 6, width_px=200),
        FONTS,
    ),
    _scheme(
        "mixed",
        "Four to six of 36, each picture in the manner of one of the other schemes.",
        _spec(_36, 4, 6, case_sensitive=False, channels=3),
        MIXED,
    ),
)
