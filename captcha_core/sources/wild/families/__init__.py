"""Every family of pictures by its name. Whole families can be left out of a training, to measure with."""

from collections.abc import Callable
from typing import NamedTuple

from captcha_core.sources.wild.families import inks, libraries, plain, scenes, sites
from captcha_core.sources.wild.labels import ANY, SUMS, Alphabets
from captcha_core.sources.wild.picture import Picture


class Family(NamedTuple):
    """One kind of picture.

    Attributes:
        draw: Draws onto a black picture.
        weight: How often it is drawn, beside the others.
        alphabets: What it says.
        height: Least and greatest height in pixels.
        per_character: Least and greatest width for each character, as a share of the height.
    """

    draw: Callable[[Picture], None]
    weight: float = 1.0
    alphabets: Alphabets = ANY
    height: tuple[int, int] = (22, 70)
    per_character: tuple[float, float] = (0.5, 0.9)


SMALL, MEDIUM, LARGE = (20, 40), (24, 70), (36, 120)
FAMILIES: dict[str, Family] = {
    # small sites
    "plain": Family(plain.plain, 1.5, height=(20, 60)),
    "peppered": Family(plain.peppered, 2.0, height=(20, 60)),
    "scribbled": Family(plain.scribbled, 2.0, height=(20, 80)),
    "pastel_dashes": Family(plain.pastel_dashes, 1.5, height=(20, 50)),
    "long_lines": Family(plain.long_lines, 1.0, height=(24, 80), per_character=(0.4, 0.7)),
    "bitmap": Family(plain.bitmap, 1.0, height=SMALL),
    "two_tone": Family(plain.two_tone, 1.0, height=(20, 50)),
    "small_black": Family(plain.small_black, 1.0, height=(20, 50)),
    "sums": Family(plain.scribbled, 0.8, SUMS, height=(20, 60), per_character=(0.5, 0.8)),
    # libraries
    "securimage": Family(libraries.securimage, 1.5, height=(30, 100)),
    "double_vision": Family(libraries.double_vision, 1.0, height=MEDIUM),
    "kaptcha": Family(libraries.kaptcha, 1.5, height=MEDIUM, per_character=(0.6, 1.0)),
    "fuzzy": Family(libraries.fuzzy, 1.0, height=LARGE),
    "fading": Family(libraries.fading, 1.0, height=MEDIUM),
    "svg_like": Family(libraries.svg_like, 1.5, height=(30, 64), per_character=(0.55, 0.9)),
    "warped_each": Family(libraries.warped_each, 1.5, height=(30, 100), per_character=(0.45, 0.75)),
    "simple_django": Family(libraries.simple_django, 1.0, height=(22, 60)),
    "go_like": Family(libraries.go_like, 1.5, height=MEDIUM, per_character=(0.5, 0.8)),
    "rings": Family(libraries.rings, 1.0, height=(28, 60)),
    "crowded": Family(libraries.crowded, 1.5, height=LARGE, per_character=(0.4, 0.65)),
    "tangled": Family(libraries.tangled, 1.5, height=MEDIUM, per_character=(0.45, 0.75)),
    # software of sites
    "thick_sine": Family(sites.thick_sine, 1.5, height=(24, 70)),
    "crossed": Family(sites.crossed, 1.5, height=(28, 80), per_character=(0.5, 0.8)),
    "spiral_grid": Family(sites.spiral_grid, 0.7, height=(26, 60)),
    "raised_net": Family(sites.raised_net, 0.3, height=(48, 100)),
    "boxed": Family(sites.boxed, 0.6, height=(24, 60)),
    "two_halves": Family(sites.two_halves, 0.5, height=MEDIUM),
    "textured_ink": Family(sites.textured_ink, 0.6, height=(30, 90)),
    "blotted": Family(sites.blotted, 0.6, height=MEDIUM),
    "swinging": Family(sites.swinging, 1.0, height=(28, 80), per_character=(0.5, 0.8)),
    "wide_black": Family(sites.wide_black, 1.2, height=(24, 60), per_character=(0.5, 0.7)),
    # letters that are special
    "hollow": Family(inks.hollow, 1.5, height=(26, 80), per_character=(0.45, 0.75)),
    "edged": Family(inks.edged, 1.0, height=MEDIUM),
    "relief": Family(inks.relief, 0.6, height=MEDIUM),
    "layered": Family(inks.layered, 1.5, height=(24, 80)),
    "dotted": Family(inks.dotted, 0.8, height=(30, 100)),
    "stencil": Family(inks.stencil, 0.8, height=(26, 80)),
    "neon": Family(inks.neon, 0.5, height=MEDIUM),
    "dim_wave": Family(inks.dim_wave, 1.0, height=(36, 100), per_character=(0.6, 0.9)),
    "overlaid": Family(inks.overlaid, 0.6, height=MEDIUM),
    "starred": Family(inks.starred, 1.0, height=(24, 60), per_character=(0.45, 0.75)),
    # pages that are special
    "photo": Family(scenes.photo, 1.0, height=(28, 100)),
    "meshed": Family(scenes.meshed, 1.0, height=MEDIUM),
    "tiled": Family(scenes.tiled, 0.8, height=MEDIUM),
    "moire": Family(scenes.moire, 0.5, height=MEDIUM),
    "watermarked": Family(scenes.watermarked, 1.0, height=(24, 80)),
    "noisy": Family(scenes.noisy, 1.0, height=MEDIUM),
    "torn": Family(scenes.torn, 0.7, height=MEDIUM),
    "tilted": Family(scenes.tilted, 0.8, height=(28, 90), per_character=(0.6, 1.0)),
    "tiny_in_large": Family(scenes.tiny_in_large, 0.8, height=(40, 120), per_character=(0.4, 0.7)),
    "cut_off": Family(scenes.cut_off, 0.8, height=SMALL, per_character=(0.5, 0.7)),
    "anything": Family(scenes.anything, 6.0, height=(20, 100), per_character=(0.4, 1.1)),
}
