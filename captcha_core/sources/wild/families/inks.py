"""Pictures whose letters are special: hollow, in relief, of dots, cut, layered, shining."""

from captcha_core.sources.wild import backgrounds, colours, distort, lettering, lines, specks
from captcha_core.sources.wild.families.plain import any_colours, faint, pens
from captcha_core.sources.wild.layout import Setting, set_text
from captcha_core.sources.wild.picture import Picture

BOLD = Setting(height=(0.6, 0.92), rotate=10, spacing=(0.85, 1.2), jitter=0.06, sizes=0.08, aliased=0, strokes=0.02)
ANY_WAY = Setting(height=(0.5, 0.9), rotate=18, spacing=(0.8, 1.3), jitter=0.08, sizes=0.1, aliased=0, mixed=0.2)


def hollow(picture: Picture) -> None:
    """Outlined letters, often touching, filled with the page or another colour, as banks show them."""
    dice = picture.dice
    backgrounds.flat(picture, colours.light(dice))
    setting = Setting(height=(0.7, 0.95), rotate=15, spacing=(0.78, 1.1), jitter=0.05, aliased=0, strokes=0, odd=0.1)
    layer, ink = set_text(picture, setting), pens(picture, 0.3)
    if dice.chance(0.3):
        lettering.fill(picture, layer, [colours.near(dice, picture.page, 60)])
    lettering.fill(picture, lettering.outline(layer, dice.chance(0.3)), ink)
    if dice.chance(0.5):
        lines.curve(picture, picture.pen, 1)
    if dice.chance(0.3):
        lines.lines(picture, dice.whole(1, 5), any_colours(picture))


def edged(picture: Picture) -> None:
    """Filled letters with an edge of another colour, on any page."""
    dice = picture.dice
    backgrounds.clouds(picture, colours.shade(dice, 0, 255, 0.9), colours.shade(dice, 0, 255, 0.9), dice.between(1, 6))
    layer, ink = set_text(picture, BOLD), pens(picture)
    edge = colours.on(dice, ink[0])
    lettering.fill(picture, lettering.grown(layer, dice.whole(1, 2)), [edge])
    lettering.fill(picture, layer, ink)
    if dice.chance(0.4):
        lines.lines(picture, dice.whole(1, 4), [edge, *ink])


def relief(picture: Picture) -> None:
    """Letters that stand out from the page by light and shade alone, or nearly."""
    dice = picture.dice
    page = colours.shade(dice, 90, 210, 0.6)
    if dice.chance(0.5):
        backgrounds.clouds(picture, page, colours.near(dice, page, 40), dice.between(0.3, 2))
    else:
        backgrounds.flat(picture, page)
    face = colours.near(dice, page, 30) if dice.chance(0.4) else colours.on(dice, page)
    lettering.emboss(picture, set_text(picture, BOLD), face, dice.between(0.6, 1))
    if dice.chance(0.3):
        specks.grain(picture, dice.between(2, 10))


def layered(picture: Picture) -> None:
    """Text over a paler, larger or displaced copy of itself on a grainy page."""
    dice = picture.dice
    backgrounds.flat(picture, colours.light(dice))
    if dice.chance(0.6):
        specks.grain(picture, dice.between(2, 9), dice.chance(0.5), dice.whole(1, 2))
    layer, ink = set_text(picture, ANY_WAY), pens(picture, 0.15)
    pale = colours.between(ink[0], picture.page, dice.between(0.35, 0.75))
    if dice.chance(0.4):
        pale = colours.near(dice, pale, 60)
    under = lettering.grown(layer, dice.whole(1, 2)) if dice.chance(0.7) else layer
    under = lettering.softened(under, dice.between(0.5, 1.8))
    lettering.fill(picture, lettering.moved(under, dice.whole(-2, 2), dice.whole(-2, 2)), [pale], dice.between(0.4, 1))
    lettering.fill(picture, layer, ink, dice.between(0.75, 1))


def dotted(picture: Picture) -> None:
    """Letters of dots or hatching, sometimes on a page of paler dots."""
    dice = picture.dice
    backgrounds.flat(picture, colours.light(dice) if dice.chance(0.75) else colours.dark(dice))
    ink = pens(picture, 0.3)
    if dice.chance(0.5):
        specks.pepper(picture, dice.between(0.02, 0.15), faint(picture, 3, 110))
    lettering.fill(picture, lettering.dotted(dice, set_text(picture, BOLD)), ink)


def stencil(picture: Picture) -> None:
    """Letters cut by parallel bars, or with holes."""
    dice = picture.dice
    backgrounds.flat(picture, colours.light(dice) if dice.chance(0.7) else colours.dark(dice))
    layer, ink = set_text(picture, BOLD), pens(picture, 0.3)
    cut = (
        lettering.stencilled(dice, layer) if dice.chance(0.65) else lettering.worn(dice, layer, dice.between(0.1, 0.4))
    )
    lettering.fill(picture, cut, ink)


def neon(picture: Picture) -> None:
    """Bright letters with a glow on a dark page."""
    dice = picture.dice
    backgrounds.flat(picture, colours.dark(dice))
    layer, ink = set_text(picture, ANY_WAY), [colours.bright(dice)]
    glow = lettering.softened(lettering.grown(layer, 1), dice.between(1.5, 4))
    lettering.fill(picture, glow, ink, 0.8)
    lettering.fill(picture, layer, [(255, 255, 255)] if dice.chance(0.5) else ink)
    if dice.chance(0.4):
        lines.curve(picture, ink[0], 1)


def dim_wave(picture: Picture) -> None:
    """Thin text in a dark colour on black along a wave, with a line that follows it and bright dots."""
    dice = picture.dice
    backgrounds.flat(picture, dice.pick(((0, 0, 0), (0, 0, 0), (255, 255, 255))))
    thin = Setting(
        height=(0.35, 0.6), fill=(0.35, 0.7), rotate=14, spacing=(0.75, 1.0), strokes=0.5, aliased=0, edge=0.9
    )
    layer = set_text(picture, thin)
    picture.pen = colours.between(picture.page, colours.on(dice, picture.page, 150), dice.between(0.45, 0.9))
    lettering.fill(picture, layer, [picture.pen])
    for _ in range(dice.whole(1, 2)):
        lines.curve(picture, picture.pen, dice.whole(1, 2))
    distort.bend_picture(picture, distort.waves(dice, picture.height, picture.width, 1.3))
    if dice.chance(0.4):
        specks.grain(picture, dice.between(3, 10))
    specks.dots(picture, dice.whole(5, 30), [colours.on(dice, picture.page, 60) for _ in range(6)], (0, 1))


def overlaid(picture: Picture) -> None:
    """Text that turns into its negative where discs, bars or a band lie."""
    dice = picture.dice
    backgrounds.flat(picture, colours.light(dice))
    layer = set_text(picture, BOLD)
    picture.pen = colours.on(dice, picture.page, 160)
    mask = Picture(dice, "", picture.image * 0)
    if dice.chance(0.6):
        lines.circles(mask, dice.whole(2, 9), [(255, 255, 255)], filled=True)
    else:
        backgrounds.tiles(mask, (0, 0, 0), (255, 255, 255))
    shapes = mask.image[..., 0]
    alpha = layer.alpha + ((255 - 2 * layer.alpha.astype("int16")) * (shapes > 127)).astype("uint8")
    lettering.fill(picture, layer._replace(alpha=alpha), [picture.pen])
    picture.ink = layer.alpha


def starred(picture: Picture) -> None:
    """Characters in many colours at different heights among small stars, some of them before the text."""
    dice = picture.dice
    backgrounds.flat(picture, colours.light(dice))
    setting = Setting(
        height=(0.5, 0.75), rotate=12, spacing=(0.95, 1.3), jitter=0.18, sizes=0.12, strokes=0.3, aliased=0
    )
    layer, ink = set_text(picture, setting), pens(picture, 0.9)
    size, spread = (5, max(8, picture.height // 4)), faint(picture, 6, 130)
    specks.marks(picture, dice.whole(4, 22), spread, size)
    lettering.fill(picture, layer, ink)
    specks.marks(picture, dice.whole(0, 10), spread, size)
