"""How the knobs of the scheme ``site`` become paint."""

from collections.abc import Sequence

import cv2
import numpy as np

from captcha_core.sources.wild import backgrounds, colours, distort, finish, lettering, lines, specks
from captcha_core.sources.wild.dice import Dice
from captcha_core.sources.wild.fonts import font_named
from captcha_core.sources.wild.layout import Layer, Setting, set_text
from captcha_core.sources.wild.picture import Colour, Picture, paint
from captcha_core.sources.wild.site import CLOSE, SiteKnobs
from captcha_core.spec.captcha import CaptchaSpec

BENDS = {
    "waves": distort.waves, "lens": distort.lens, "rubber": distort.rubber, "tilt": distort.tilt,
    "slices": distort.slices,
}  # fmt: skip


def draw_batch(
    knobs: SiteKnobs, spec: CaptchaSpec, seed: int, indices: Sequence[int], texts: Sequence[str]
) -> list[np.ndarray]:
    """Return pictures uint8 (H, W, C), of the specification's size or each of its own."""
    return [draw(knobs, spec, seed, index, text) for index, text in zip(indices, texts, strict=True)]


def draw(knobs: SiteKnobs, spec: CaptchaSpec, seed: int, index: int, text: str) -> np.ndarray:
    """Return one picture, uint8 (H, W, C)."""
    dice = Dice(seed, index)
    one = dice.pick(knobs.variants) if knobs.variants else knobs
    sizes_px = one.sizes_px or knobs.sizes_px
    height, width = dice.pick(sizes_px) if sizes_px else spec.size_px
    picture = Picture(dice, text, np.zeros((height, width, 3), np.uint8))
    _paint_site(picture, one)
    if spec.channels == 1:
        return np.ascontiguousarray(cv2.cvtColor(picture.image, cv2.COLOR_RGB2GRAY)[..., None])
    return picture.image


def _paint_site(picture: Picture, knobs: SiteKnobs) -> None:
    """Draw onto a black picture."""
    dice = picture.dice
    _background(picture, knobs)
    pens = _pens(picture, knobs)
    layer = _layer(picture, knobs)
    over = dice.chance(knobs.over)
    if not over:
        _disturb(picture, knobs)
    _letters(picture, layer, knobs, pens)
    if over:
        _disturb(picture, knobs)
    if knobs.bend and knobs.bends_all:
        distort.bend_picture(picture, _bend(picture, knobs))
    _finish(picture, knobs)


def _background(picture: Picture, knobs: SiteKnobs) -> None:
    dice = picture.dice
    page = colours.near(dice, dice.pick(knobs.pages), knobs.page_spread)
    other = colours.near(dice, page, CLOSE)
    if knobs.background == "gradient":
        backgrounds.gradient(picture, page, other)
    elif knobs.background == "clouds":
        backgrounds.clouds(picture, page, other, dice.between(0.5, 3))
    elif knobs.background == "scene":
        backgrounds.scene(picture, dice.between(0.3, 0.8), page)
    else:
        backgrounds.flat(picture, page)


def _pens(picture: Picture, knobs: SiteKnobs) -> list[Colour]:
    dice = picture.dice
    count = len(picture.text) if dice.chance(knobs.ink_each) else 1
    found = [colours.near(dice, dice.pick(knobs.inks), knobs.ink_spread) for _ in range(count)]
    picture.pen = found[0]
    return found


def _layer(picture: Picture, knobs: SiteKnobs) -> Layer:
    setting = Setting(
        height=knobs.height, fill=knobs.fill, rotate=knobs.rotate_deg, slant=knobs.slant, spacing=knobs.spacing,
        jitter=knobs.jitter, sizes=knobs.size_change, stretch=knobs.stretch, wide=knobs.wide, swing=knobs.swing,
        mixed=knobs.mixed, common=knobs.common, odd=knobs.odd, strokes=knobs.strokes, pixels=knobs.pixels,
        aliased=knobs.aliased, edge=knobs.edge, fonts=tuple(font_named(name) for name in knobs.fonts),
    )  # fmt: skip
    layer = set_text(picture, setting)
    if knobs.bold_px:
        layer = lettering.grown(layer, knobs.bold_px)
    if knobs.bend and not knobs.bends_all:
        layer = distort.bend_text(layer, _bend(picture, knobs))
    return layer


def _bend(picture: Picture, knobs: SiteKnobs) -> distort.Bend:
    return BENDS[knobs.bending](picture.dice, picture.height, picture.width, knobs.bend)


def _letters(picture: Picture, layer: Layer, knobs: SiteKnobs, pens: list[Colour]) -> None:
    dice = picture.dice
    if knobs.lettering == "outline":
        layer = lettering.outline(layer, dice.chance(0.3))
    elif knobs.lettering == "dotted":
        layer = lettering.dotted(dice, layer)
    elif knobs.lettering == "edged":
        lettering.fill(picture, lettering.grown(layer, 1), [colours.on(dice, pens[0])])
    elif knobs.lettering == "double":
        pale = colours.between(pens[0], picture.page, dice.between(0.35, 0.75))
        far = max(1, picture.height // 16)
        paint(picture.image, lettering.moved(layer, dice.whole(-far, far), dice.whole(-far, far)).alpha, pale)
    elif knobs.lettering == "shadow":
        lettering.shadow(picture, layer, colours.between(pens[0], picture.page, 0.5), dice.chance(0.5))
    lettering.fill(picture, layer, pens)


def _disturb(picture: Picture, knobs: SiteKnobs) -> None:
    dice = picture.dice
    paints = _paints(picture, knobs)
    if knobs.pepper:
        specks.pepper(picture, knobs.pepper * dice.between(0.6, 1.4), paints)
    if knobs.dots:
        specks.dots(picture, knobs.dots, paints, knobs.dot_px)
    if knobs.dashes:
        lines.dashes(picture, knobs.dashes, paints, max(3, picture.height // 4))
    lines.lines(picture, dice.whole(*knobs.lines), paints, knobs.line_px)
    for _ in range(dice.whole(*knobs.curves)):
        lines.curve(picture, dice.pick(paints), dice.whole(*knobs.line_px))


def _paints(picture: Picture, knobs: SiteKnobs) -> list[Colour]:
    dice = picture.dice
    if knobs.colours == "ink":
        return [picture.pen, colours.near(dice, dice.pick(knobs.inks), knobs.ink_spread)]
    if knobs.colours == "page":
        return [colours.near(dice, picture.page, 2 * CLOSE) for _ in range(3)]
    return [colours.on(dice, picture.page, 20) for _ in range(4)]


def _finish(picture: Picture, knobs: SiteKnobs) -> None:
    if knobs.frame:
        lines.frame(picture, picture.pen)
    if knobs.grain:
        specks.grain(picture, knobs.grain, picture.dice.chance(0.5))
    if knobs.coarse < 1:
        finish.coarsened(picture, knobs.coarse)
    if knobs.blur:
        finish.blurred(picture, knobs.blur)
    if knobs.one_bit:
        finish.one_bit(picture)
    if knobs.jpeg:
        finish.jpeg(picture, knobs.jpeg)
