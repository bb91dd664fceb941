"""The scheme ``site``: one site's way of drawing, by numbers, with the paint of the scheme ``wild``.

Where ``wild`` draws any of its families at random, here every trait is a knob: for schemes that are fitted to captchas
(`captchalab imitate`) or written by hand.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from captcha_core.errors import SpecError
from captcha_core.sources.scheme import Knobs, Scaled, Scheme
from captcha_core.spec.captcha import DIGITS, CaptchaSpec

Level = Annotated[int, Field(ge=0, le=255)]
Rgb = tuple[Level, Level, Level]
Share = Annotated[float, Field(ge=0, le=1)]
Side = Annotated[int, Field(ge=8, le=2048)]
Factor = Annotated[float, Field(ge=0.3, le=3)]
Few = Annotated[int, Field(ge=0, le=64)]
Width = Annotated[int, Field(ge=1, le=16)]
CLOSE = 40  # levels around the page's colour, of what lies behind the text
PAIRS = ("height", "fill", "wide", "spacing", "lines", "curves", "line_px", "dot_px")


class SiteKnobs(Knobs):
    """How a site draws. Pairs are the least and the greatest; shares are of the picture's height if of nothing else.

    Args:
        sizes_px: Heights and widths of the pictures, one drawn for each; by default the specification's.
        pages: Colours of the page, one drawn for each picture.
        inks: Colours of the text, one drawn for each picture or character.
        page_spread: Levels by which a page differs from its colour.
        ink_spread: Levels by which an ink differs from its colour.
        ink_each: Share of the pictures in which every character has an ink of its own.
        background: What the page is painted with.
        fonts: Their names, as those of the files without endings; by default all fonts of the machine.
        common: Share of everyday fonts among them.
        odd: Share of the decorative fonts among them that are taken.
        mixed: Share of the pictures in which every character has a font of its own.
        strokes: Share of the pictures in fonts of thin lines.
        pixels: Share of the pictures in a font of large pixels.
        aliased: Share of the pictures whose letters have no grey edges and do not turn.
        height: Of a capital.
        fill: Share of the width that the text takes at most.
        wide: Factor for the width of all characters.
        rotate_deg: Single characters turn by up to this angle to either side.
        slant: Sideways shear of single characters.
        spacing: Factor for the distance of characters; below 1 they touch.
        jitter: Characters leave the base line by up to this.
        size_change: Share by which characters differ in size.
        stretch: Share by which characters differ in width.
        swing: Height of the wave that the base line follows.
        edge: Share of the free room by which the text leaves the middle.
        lettering: How letters are painted.
        bold_px: Pixels by which letters are grown.
        bend: Strength by which the text, or all, is bent.
        bending: In which way.
        bends_all: Whether lines and specks are bent as well.
        pepper: Share of the pixels that are specks.
        lines: Straight lines.
        curves: Curves from side to side.
        line_px: Thickness of both.
        dashes: Short lines.
        dots: Small discs.
        dot_px: Their radius.
        colours: Those of lines and specks - the text's, near the page's, or any.
        over: Share of the pictures in which lines and specks lie over the text.
        grain: Standard deviation of noise, in levels.
        frame: Whether there is a frame.
        blur: Standard deviation in pixels.
        coarse: Factor by which the picture is made smaller and larger again; 1 for neither.
        jpeg: Quality of compression; 0 for none.
        one_bit: Whether all is black or white.
        variants: What is otherwise in some pictures; one of these is drawn for each.
    """

    sizes_px: tuple[tuple[Side, Side], ...] = Field((), max_length=64)
    pages: tuple[Rgb, ...] = Field(((255, 255, 255),), min_length=1, max_length=64)
    inks: tuple[Rgb, ...] = Field(((0, 0, 0),), min_length=1, max_length=64)
    page_spread: int = Field(0, ge=0, le=128)
    ink_spread: int = Field(0, ge=0, le=128)
    ink_each: Share = 0.0
    background: Literal["flat", "gradient", "clouds", "scene"] = "flat"
    fonts: tuple[str, ...] = Field((), max_length=64)
    common: Share = 0.6
    odd: Share = 0.1
    mixed: Share = 0.1
    strokes: Share = 0.0
    pixels: Share = 0.0
    aliased: Share = 0.0
    height: tuple[Share, Share] = (0.5, 0.7)
    fill: tuple[Share, Share] = (0.7, 0.95)
    wide: tuple[Factor, Factor] = (0.9, 1.1)
    rotate_deg: Annotated[float, Field(ge=0, le=90), Scaled()] = 5.0
    slant: Annotated[float, Field(ge=0, le=1), Scaled()] = 0.0
    spacing: tuple[Factor, Factor] = (1.0, 1.2)
    jitter: Annotated[float, Field(ge=0, le=0.5), Scaled()] = 0.03
    size_change: Annotated[float, Field(ge=0, le=0.5), Scaled()] = 0.0
    stretch: Annotated[float, Field(ge=0, le=0.5), Scaled()] = 0.05
    swing: Annotated[float, Field(ge=0, le=0.5), Scaled()] = 0.0
    edge: Share = 0.5
    lettering: Literal["fill", "outline", "edged", "double", "shadow", "dotted"] = "fill"
    bold_px: int = Field(0, ge=0, le=4)
    bend: Annotated[float, Field(ge=0, le=3), Scaled()] = 0.0
    bending: Literal["waves", "lens", "rubber", "tilt", "slices"] = "waves"
    bends_all: bool = False
    pepper: Annotated[float, Field(ge=0, le=0.5), Scaled()] = 0.0
    lines: tuple[Few, Few] = (0, 0)
    curves: tuple[Few, Few] = (0, 0)
    line_px: tuple[Width, Width] = (1, 1)
    dashes: Annotated[int, Field(ge=0, le=400), Scaled()] = 0
    dots: Annotated[int, Field(ge=0, le=400), Scaled()] = 0
    dot_px: tuple[Width, Width] = (1, 1)
    colours: Literal["ink", "page", "any"] = "ink"
    over: Share = 0.5
    grain: float = Field(0.0, ge=0, le=64)
    frame: bool = False
    blur: float = Field(0.0, ge=0, le=5)
    coarse: float = Field(1.0, ge=0.3, le=1)
    jpeg: int = Field(0, ge=0, le=100)
    one_bit: bool = False
    variants: tuple["SiteKnobs", ...] = Field((), max_length=32)

    @model_validator(mode="before")
    @classmethod
    def _inherited(cls, fields: Any) -> Any:
        """Let variants have what they do not say themselves."""
        if not (isinstance(fields, dict) and isinstance(fields.get("variants"), list | tuple)):
            return fields
        shared = {name: value for name, value in fields.items() if name != "variants"}
        variants = [{**shared, **one} if isinstance(one, dict) else one for one in fields["variants"]]
        return {**fields, "variants": variants}

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        for name in PAIRS:
            least, most = getattr(self, name)
            if least > most:
                raise SpecError(f"expected the lesser of {name} first, received {least} and {most}; swap them.")
        return self


SITE = Scheme(
    name="site",
    description="Four to six digits in the manner of one site: every trait is a knob, for imitate and by hand.",
    spec=CaptchaSpec.build(
        media="image", alphabet=DIGITS, min_length=4, max_length=6, height_px=50, width_px=150, channels=3
    ),
    knobs=SiteKnobs(),
)
