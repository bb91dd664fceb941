"""Pictures in the manner of well-known captcha libraries for PHP, Java, Python, Go and JavaScript."""

import cv2

from captcha_core.sources.wild import backgrounds, colours, distort, lettering, lines, specks
from captcha_core.sources.wild.families.plain import any_colours, faint, pens
from captcha_core.sources.wild.layout import Layer, Setting, set_text
from captcha_core.sources.wild.picture import Picture

BIG = Setting(height=(0.5, 0.8), rotate=6, spacing=(0.9, 1.15), aliased=0, mixed=0.05)
TURNED = Setting(height=(0.5, 0.85), rotate=30, slant=0.2, spacing=(0.85, 1.2), jitter=0.1, sizes=0.1, aliased=0)
TIGHT = Setting(height=(0.55, 0.9), rotate=10, spacing=(0.7, 0.9), jitter=0.06, sizes=0.1, aliased=0)


def _bent(picture: Picture, setting: Setting, strength: float = 1.0) -> Layer:
    layer = set_text(picture, setting)
    return distort.bend_text(layer, distort.waves(picture.dice, picture.height, picture.width, strength))


def securimage(picture: Picture) -> None:
    """Wavy text of one colour, lines of the same colour bent over it, dots all over."""
    dice = picture.dice
    backgrounds.flat(picture, colours.light(dice))
    layer, ink = _bent(picture, BIG, 1.2), pens(picture, 0.1)
    specks.dots(picture, dice.whole(0, 90), ink, (0, 1))
    lettering.fill(picture, layer, ink)
    for _ in range(dice.whole(1, 5)):
        lines.curve(picture, dice.pick(ink), dice.whole(1, max(1, picture.height // 30)))


def double_vision(picture: Picture) -> None:
    """Text that is drawn twice, a little apart, on a noisy page, bent as a whole."""
    dice = picture.dice
    backgrounds.flat(picture, colours.light(dice))
    layer, ink = set_text(picture, TURNED), pens(picture, 0.2)
    ghost = lettering.moved(layer, dice.whole(-3, 3), dice.whole(-2, 2))
    lettering.fill(picture, ghost, ink, dice.between(0.3, 0.6))
    lettering.fill(picture, layer, ink)
    specks.pepper(picture, dice.between(0.01, 0.08), any_colours(picture))
    distort.bend_picture(picture, distort.waves(dice, picture.height, picture.width, 0.8))


def kaptcha(picture: Picture) -> None:
    """Dark text on a page that fades, under a lens or ripples, with a curve through it and a dark frame."""
    dice = picture.dice
    backgrounds.gradient(picture, colours.shade(dice, 180, 255, 0.2), (255, 255, 255))
    layer = set_text(picture, BIG)
    picture.pen = colours.dark(dice)
    if dice.chance(0.35):
        lettering.shadow(picture, layer, colours.shade(dice, 60, 200), dice.chance(0.6))
    lettering.fill(picture, layer, [picture.pen])
    for _ in range(dice.whole(0, 3)):
        lines.curve(picture, picture.pen, dice.whole(1, max(2, picture.height // 18)))
    if dice.chance(0.8):
        bend = dice.pick((distort.lens, distort.lens, distort.waves))
        distort.bend_picture(picture, bend(dice, picture.height, picture.width, 1.0))
    if dice.chance(0.5):
        lines.frame(picture, colours.dark(dice))


def fuzzy(picture: Picture) -> None:
    """Large text in a strong colour on clouds, as Java's older library draws it."""
    dice = picture.dice
    first = colours.light(dice) if dice.chance(0.7) else colours.dark(dice)
    backgrounds.clouds(picture, first, colours.near(dice, first, 70), dice.between(0.5, 3))
    layer = set_text(picture, TURNED if dice.chance(0.5) else TIGHT)
    if dice.chance(0.4):
        lettering.shadow(picture, layer, colours.near(dice, picture.page, 90), True)
    lettering.fill(picture, layer, pens(picture), dice.between(0.8, 1))


def fading(picture: Picture) -> None:
    """Text with a gradient or a drop shadow on a page with another."""
    dice = picture.dice
    first, second = colours.light(dice), colours.light(dice)
    if dice.chance(0.3):
        first, second = colours.dark(dice), colours.dark(dice)
    backgrounds.gradient(picture, first, second)
    layer = _bent(picture, BIG, 0.6) if dice.chance(0.4) else set_text(picture, BIG)
    if dice.chance(0.6):
        lettering.shadow(picture, layer, colours.near(dice, picture.page, 120), dice.chance(0.5))
    ends = [colours.on(dice, picture.page), colours.on(dice, picture.page)]
    lettering.gradient_fill(picture, layer, ends[0], ends[1])
    for _ in range(dice.whole(0, 3)):
        lines.curve(picture, dice.pick(ends), dice.whole(1, 2))


def svg_like(picture: Picture) -> None:
    """Smooth text on light grey with one to three thin curves from side to side."""
    dice = picture.dice
    backgrounds.flat(picture, dice.pick(((240, 240, 240), (255, 255, 255), (204, 153, 102), (238, 238, 221))))
    setting = Setting(
        height=(0.5, 0.75), rotate=8, slant=0.15, stretch=0.2, spacing=(0.95, 1.25), jitter=0.1, aliased=0
    )
    layer, ink = set_text(picture, setting), pens(picture, 0.6)
    before = dice.whole(0, 2)
    for number in range(dice.whole(1, 4)):
        if number == before:
            lettering.fill(picture, layer, ink)
        lines.curve(picture, colours.on(dice, picture.page, 70), dice.whole(1, 2))
    lettering.fill(picture, layer, ink)


def warped_each(picture: Picture) -> None:
    """Characters that are warped one by one, a curve, and dots of the same colour: Python's oldest library."""
    dice = picture.dice
    backgrounds.flat(picture, colours.shade(dice, 225, 255, 0.8))
    setting = Setting(
        height=(0.6, 0.95), rotate=30, slant=0.3, stretch=0.25, spacing=(0.75, 1.1), jitter=0.1, aliased=0
    )
    layer, ink = set_text(picture, setting), pens(picture, 0.2)
    lettering.fill(picture, layer, ink)
    if dice.chance(0.8):
        lines.arcs(picture, dice.whole(1, 2), ink, dice.whole(1, 2))
    specks.dots(picture, dice.whole(10, 50), ink, (1, max(1, picture.height // 40)))
    if dice.chance(0.6):
        picture.image = cv2.GaussianBlur(picture.image, (3, 3), 0.7)


def simple_django(picture: Picture) -> None:
    """Small turned letters in dark green or any colour, with arcs and dots of it."""
    dice = picture.dice
    backgrounds.flat(picture, colours.light(dice))
    setting = Setting(height=(0.4, 0.65), rotate=35, spacing=(0.9, 1.15), jitter=0.05, aliased=0.1)
    layer = set_text(picture, setting)
    picture.pen = (0, 17, 0) if dice.chance(0.4) else colours.on(dice, picture.page)
    lettering.fill(picture, layer, [picture.pen])
    lines.arcs(picture, dice.whole(0, 4), [picture.pen], smooth=dice.chance(0.3))
    specks.pepper(picture, dice.between(0, 0.06), [picture.pen])


def go_like(picture: Picture) -> None:
    """Text along a wave on a pastel page with small faint characters, hollow lines and thick bent lines."""
    dice = picture.dice
    backgrounds.flat(picture, colours.light(dice))
    layer, ink = _bent(picture, TURNED, 0.8), pens(picture, 0.7)
    if dice.chance(0.6):
        specks.small_text(picture, dice.whole(5, 30), faint(picture, 4, 110))
    lettering.fill(picture, layer, ink)
    for _ in range(dice.whole(0, 2)):
        lines.curve(picture, colours.on(dice, picture.page, 60), dice.whole(1, max(2, picture.height // 16)))
    if dice.chance(0.4):
        lines.curve(picture, picture.page, 2)


def rings(picture: Picture) -> None:
    """Text among rings, with a bent line through it, every character in its colour."""
    dice = picture.dice
    backgrounds.flat(picture, colours.light(dice))
    layer, ink = set_text(picture, BIG if dice.chance(0.5) else TURNED), pens(picture, 0.7)
    lines.circles(picture, dice.whole(2, 16), any_colours(picture))
    lettering.fill(picture, layer, ink, dice.between(0.7, 1))
    for _ in range(dice.whole(0, 3)):
        lines.curve(picture, colours.on(dice, picture.page, 80), dice.whole(1, 2))


def crowded(picture: Picture) -> None:
    """Letters that touch and bend, of one colour on a plain page, as large sites once showed them."""
    dice = picture.dice
    backgrounds.flat(picture, colours.light(dice))
    setting = Setting(
        height=(0.6, 0.95),
        fill=(0.8, 1.0),
        rotate=12,
        spacing=(0.72, 0.88),
        jitter=0.06,
        sizes=0.15,
        aliased=0,
        odd=0.1,
    )
    layer = set_text(picture, setting)
    for bend in (distort.waves, distort.rubber):
        if dice.chance(0.7):
            layer = distort.bend_text(layer, bend(dice, picture.height, picture.width, 0.8))
    lettering.fill(picture, layer, pens(picture, 0.1))
    if dice.chance(0.4):
        lines.curve(picture, picture.pen, dice.whole(1, max(2, picture.height // 14)), full=False)


def tangled(picture: Picture) -> None:
    """Touching black text struck out by curves and lines of its own colour among many dots, with no grey."""
    dice = picture.dice
    backgrounds.flat(picture, colours.light(dice))
    layer, ink = _bent(picture, TIGHT if dice.chance(0.5) else BIG, 0.5), pens(picture, 0.05)
    specks.pepper(picture, dice.between(0.01, 0.12), ink)
    lettering.fill(picture, layer, ink)
    for _ in range(dice.whole(1, 4)):
        lines.curve(picture, picture.pen, dice.whole(1, 2), dice.chance(0.5), dice.chance(0.3))
    lines.lines(picture, dice.whole(0, 3), ink, smooth=dice.chance(0.3))
