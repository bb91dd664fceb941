"""The numbers that make pictures easier or harder to read, and the form in which compiled code takes them."""

from collections import namedtuple
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import Field, model_validator

from captcha_core.errors import SpecError
from captcha_core.sources.raster.fonts import PACKAGE_FONT
from captcha_core.sources.scheme import Knobs, Scaled

Level = Annotated[int, Field(ge=0, le=255)]
Span = tuple[Level, Level]
FontSize = Annotated[int, Field(ge=6, le=400)]
Share = Annotated[float, Field(ge=0, le=1)]


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
        mask_levels: Number of steps from background to ink at antialiased edges; 0 for all there are.
        space_probability: Of no gap before a character; a gap is one space wide.
        overlap: Share of the average character by which one may slide over the one before it.
        pitch_px: Distance from one character to the next; 0 for one after the other.
        margin_px: Where the first character begins when there is a pitch.
        loose: Whether text without a pitch begins anywhere that leaves room for it.
        jitter_x_px: Characters move sideways by up to this.
        jitter_y_px: Characters move up or down by up to this.
        background: Least and greatest level of each primary of the background.
        foreground: Least and greatest level of each primary of the text.
        opacity: Least and greatest alpha of the text.
        colour_each: Whether every character and line has a colour of its own.
        gradient: Greatest difference in level between two sides of the background.
        texture: Greatest height of smooth noise on the background, in levels.
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
    rotate_deg: Annotated[float, Field(ge=0, le=90), Scaled()] = 30.0
    stretch_x: Annotated[float, Field(ge=0, le=0.5), Scaled()] = 0.2
    stretch_y: Annotated[float, Field(ge=0, le=0.5), Scaled()] = 0.1
    fill_tile: bool = True
    baseline: Share = 0.7
    antialias: bool = False
    mask_gain: float = Field(1.0, ge=0.1, le=10)
    mask_levels: Level = 0
    space_probability: Share = 0.5
    overlap: Annotated[float, Field(ge=0, le=0.9), Scaled()] = 0.25
    pitch_px: float = Field(0.0, ge=0, le=400)
    margin_px: int = Field(0, ge=0, le=400)
    loose: bool = False
    jitter_x_px: Annotated[int, Field(ge=0, le=200), Scaled()] = 0
    jitter_y_px: Annotated[int, Field(ge=0, le=200), Scaled()] = 0
    background: Span = (238, 255)
    foreground: Span = (10, 200)
    opacity: Span = (220, 255)
    colour_each: bool = False
    gradient: Annotated[Level, Scaled()] = 0
    texture: Annotated[Level, Scaled()] = 0
    texture_px: int = Field(6, ge=1, le=200)
    wave_px: Annotated[float, Field(ge=0, le=100), Scaled()] = 0.0
    wave_length_px: float = Field(80.0, ge=4, le=4000)
    lines: Annotated[int, Field(ge=0, le=64), Scaled()] = 0
    line_width_px: float = Field(2.0, ge=0.5, le=32)
    stars: Annotated[int, Field(ge=0, le=1000), Scaled()] = 0
    stars_in_front: Share = 0.0
    star_levels: Span = (160, 255)
    dots: Annotated[int, Field(ge=0, le=2000), Scaled()] = 30
    dot_width_px: int = Field(3, ge=1, le=32)
    arcs: Annotated[int, Field(ge=0, le=64), Scaled()] = 1
    smooth: bool = True
    looks: tuple["ImageKnobs", ...] = ()

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        for name in ("background", "foreground", "opacity", "star_levels"):
            least, most = getattr(self, name)
            if least > most:
                raise SpecError(f"expected the lower level of {name} first, received {least} and {most}; swap them.")
        return self


# Compiled code takes every knob that is a number or a pair of levels.
_PLAIN: list[Any] = [bool, int, float, Span]
_COMPILED = [name for name, field in ImageKnobs.model_fields.items() if field.annotation in _PLAIN]

if TYPE_CHECKING:

    class RenderParams(ImageKnobs):
        """The knobs in the form that compiled code takes.

        Args:
            exact: Whether to turn characters in double precision, as Pillow does.
        """

        exact: bool
else:
    RenderParams = namedtuple("RenderParams", [*_COMPILED, "exact"], module=__name__)


def render_params(knobs: ImageKnobs, exact: bool = False) -> RenderParams:
    """Return the knobs as compiled code takes them."""
    values: dict[str, Any] = {name: getattr(knobs, name) for name in _COMPILED}
    return RenderParams(**values, exact=exact)
