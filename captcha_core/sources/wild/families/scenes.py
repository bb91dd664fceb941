"""Pictures with much behind or before the text: photographs, grids, tiles, moire, watermarks, everything at once."""

from captcha_core.sources.wild import backgrounds, colours, distort, lettering, lines, specks
from captcha_core.sources.wild.dice import Dice
from captcha_core.sources.wild.families.plain import any_colours, faint, filled, pens
from captcha_core.sources.wild.layout import Layer, Setting, set_text
from captcha_core.sources.wild.picture import Picture

FREE = Setting(height=(0.45, 0.9), rotate=20, slant=0.15, spacing=(0.85, 1.35), jitter=0.1, sizes=0.15, mixed=0.2)
CALM = Setting(height=(0.5, 0.85), rotate=6, spacing=(0.95, 1.25), aliased=0.1)


def photo(picture: Picture) -> None:
    """Text on a part of a photograph, more or less washed out, often with an edge or a shadow."""
    dice = picture.dice
    page = colours.light(dice) if dice.chance(0.6) else colours.dark(dice)
    backgrounds.scene(picture, dice.between(0.25, 0.75), page)
    layer, ink = set_text(picture, FREE if dice.chance(0.5) else CALM), [colours.on(dice, page, 190)]
    if dice.chance(0.6):
        lettering.fill(picture, lettering.grown(layer, 1), [page], 0.8)
    lettering.fill(picture, layer, ink)
    if dice.chance(0.3):
        lines.lines(picture, dice.whole(1, 4), [ink[0], page])


def meshed(picture: Picture) -> None:
    """Text under or over a grid, upright or slanted."""
    dice = picture.dice
    backgrounds.flat(picture, colours.light(dice) if dice.chance(0.8) else colours.dark(dice))
    layer, ink = set_text(picture, FREE), pens(picture, 0.3)
    wire = colours.near(dice, picture.page, 110) if dice.chance(0.6) else colours.between(ink[0], picture.page, 0.4)
    step = (max(4, picture.height // 8), max(6, picture.height // 3))
    over = dice.chance(0.5)
    if over:
        lettering.fill(picture, layer, ink)
    lines.grid(picture, picture.page if over and dice.chance(0.4) else wire, step, dice.chance(0.4))
    if not over:
        lettering.fill(picture, layer, ink)
    if dice.chance(0.3):
        distort.bend_picture(picture, distort.any_bend(dice, picture.height, picture.width, 0.7))


def tiled(picture: Picture) -> None:
    """Text on a chessboard, stripes, rays or rings of two similar colours."""
    dice = picture.dice
    first = colours.light(dice) if dice.chance(0.7) else colours.dark(dice)
    backgrounds.tiles(picture, first, colours.near(dice, first, dice.whole(20, 90)))
    filled(picture, CALM if dice.chance(0.5) else FREE, 0.3)
    if dice.chance(0.2):
        specks.pepper(picture, dice.between(0.01, 0.05), any_colours(picture))


def moire(picture: Picture) -> None:
    """Fine lines over page and text that make patterns where they cross."""
    dice = picture.dice
    backgrounds.flat(picture, colours.light(dice))
    filled(picture, CALM, 0.2)
    for _ in range(dice.whole(1, 2)):
        lines.grid(picture, colours.between(picture.page, picture.pen, dice.between(0.08, 0.3)), (3, 6), True)
    distort.bend_picture(picture, distort.any_bend(dice, picture.height, picture.width, 0.5))


def watermarked(picture: Picture) -> None:
    """Text over a crowd of small faint characters."""
    dice = picture.dice
    backgrounds.flat(picture, colours.light(dice) if dice.chance(0.8) else colours.dark(dice))
    specks.small_text(picture, dice.whole(10, 60), faint(picture, 4, 90))
    filled(picture, FREE, 0.6)


def noisy(picture: Picture) -> None:
    """Text in heavy grain of one or all primaries, on light or dark."""
    dice = picture.dice
    backgrounds.flat(picture, colours.light(dice) if dice.chance(0.6) else colours.dark(dice))
    filled(picture, CALM, 0.3)
    specks.grain(picture, dice.between(10, 45), dice.chance(0.5), dice.whole(1, 3))


def torn(picture: Picture) -> None:
    """Text in strips that are moved against each other, or pulled like rubber."""
    dice = picture.dice
    backgrounds.flat(picture, colours.light(dice))
    lettering.fill(picture, set_text(picture, CALM), pens(picture, 0.3))
    if dice.chance(0.5):
        lines.lines(picture, dice.whole(1, 4), any_colours(picture))
    bend = distort.slices if dice.chance(0.6) else distort.rubber
    distort.bend_picture(picture, bend(dice, picture.height, picture.width, 1.0))


def tilted(picture: Picture) -> None:
    """A text as a whole in perspective, sheared or turned."""
    dice = picture.dice
    backgrounds.flat(picture, colours.light(dice) if dice.chance(0.7) else colours.dark(dice))
    layer = set_text(picture, Setting(height=(0.45, 0.7), fill=(0.6, 0.85), rotate=5, aliased=0))
    bent = distort.bend_text(layer, distort.tilt(dice, picture.height, picture.width, 1.0))
    lines.lines(picture, dice.whole(0, 5), faint(picture))
    lettering.fill(picture, bent, pens(picture, 0.3))


def tiny_in_large(picture: Picture) -> None:
    """A text that is a small part of the picture, anywhere in it."""
    dice = picture.dice
    backgrounds.gradient(picture, colours.light(dice), colours.light(dice))
    setting = Setting(height=(0.2, 0.4), fill=(0.3, 0.6), rotate=8, spacing=(0.95, 1.3), edge=0.95)
    lettering.fill(picture, set_text(picture, setting), pens(picture, 0.3))
    lines.lines(picture, dice.whole(0, 6), any_colours(picture), smooth=dice.chance(0.5))


def cut_off(picture: Picture) -> None:
    """A text so large that the border cuts into it."""
    dice = picture.dice
    backgrounds.flat(picture, colours.light(dice))
    setting = Setting(
        height=(0.9, 1.15), fill=(0.97, 1.08), rotate=8, spacing=(0.85, 1.05), jitter=0.08, edge=0.3, odd=0.1
    )
    lettering.fill(picture, set_text(picture, setting), pens(picture, 0.4))
    lines.lines(picture, dice.whole(0, 4), any_colours(picture))


def anything(picture: Picture) -> None:
    """Any page, any letters, anything before and behind them."""
    dice = picture.dice
    _any_page(picture)
    setting = Setting(
        height=(0.35, 1.0), fill=(0.5, 1.0), rotate=dice.pick((0.0, 8.0, 20.0, 40.0)), slant=dice.pick((0.0, 0.25)),
        spacing=(0.75, 1.6), jitter=dice.pick((0.0, 0.1, 0.2)), sizes=dice.pick((0.0, 0.15, 0.3)), stretch=0.2,
        wide=(0.7, 1.5), mixed=0.3, common=0.3, aliased=0.1, edge=0.9,
    )  # fmt: skip
    layer, ink = set_text(picture, setting), pens(picture)
    if dice.chance(0.4):
        layer = distort.bend_text(layer, distort.any_bend(dice, picture.height, picture.width, 0.8))
    _disturb(picture, dice.whole(0, 2))
    lettering.fill(picture, _any_ink(dice, layer), ink, dice.between(0.8, 1))
    _disturb(picture, dice.whole(0, 2))
    if dice.chance(0.2):
        distort.bend_picture(picture, distort.any_bend(dice, picture.height, picture.width, 0.6))


def _any_page(picture: Picture) -> None:
    dice = picture.dice
    first = colours.light(dice) if dice.chance(0.6) else colours.shade(dice, 0, 255, 0.9)
    second = colours.near(dice, first, dice.whole(15, 70))
    kind = dice.whole(0, 5)
    if kind <= 1:
        backgrounds.flat(picture, first)
    elif kind == 2:
        backgrounds.gradient(picture, first, second)
    elif kind == 3:
        backgrounds.clouds(picture, first, second, dice.between(0.3, 3))
    elif kind == 4:
        backgrounds.tiles(picture, first, second)
    else:
        backgrounds.scene(picture, dice.between(0.6, 0.9), first)


def _any_ink(dice: Dice, layer: Layer) -> Layer:
    kind = dice.whole(0, 11)
    if kind == 0:
        return lettering.outline(layer, True)
    if kind == 1:
        return lettering.dotted(dice, lettering.grown(layer, 1))
    if kind == 2:
        return lettering.stencilled(dice, layer)
    if kind == 3:
        return lettering.worn(dice, layer, 0.15)
    return lettering.grown(layer, 1) if kind == 4 else layer


def _disturb(picture: Picture, count: int) -> None:
    dice, some = picture.dice, any_colours(picture)
    for _ in range(count):
        kind = dice.whole(0, 8)
        if kind == 0:
            lines.lines(picture, dice.whole(1, 6), some, (1, 2), dice.chance(0.6))
        elif kind == 1:
            lines.dashes(picture, dice.whole(5, 40), some, dice.whole(3, 15))
        elif kind == 2:
            lines.curve(picture, dice.pick(some), dice.whole(1, max(2, picture.height // 20)))
        elif kind == 3:
            lines.arcs(picture, dice.whole(1, 5), some)
        elif kind == 4:
            lines.circles(picture, dice.whole(1, 10), some)
        elif kind == 5:
            specks.pepper(picture, dice.between(0.01, 0.08), some)
        elif kind == 6:
            specks.dots(picture, dice.whole(5, 50), some, (0, 2))
        elif kind == 7:
            specks.marks(picture, dice.whole(4, 20), some, (5, 10))
        else:
            lines.frame(picture, some[0], dice.whole(1, 2))
