"""Pictures of small sites: a flat page, upright or slightly turned characters, a few dots and lines."""

from captcha_core.sources.wild import backgrounds, colours, finish, lettering, lines, specks
from captcha_core.sources.wild.layout import Setting, set_text
from captcha_core.sources.wild.picture import Colour, Picture

UPRIGHT = Setting(height=(0.5, 0.9), rotate=4, spacing=(0.9, 1.35), aliased=0.35, mixed=0.05, odd=0.1, common=0.6)
SPARSE = Setting(height=(0.22, 0.45), fill=(0.4, 0.8), spacing=(1.1, 2.0), aliased=0.6, common=0.75, odd=0.05)
LOOSE = Setting(height=(0.5, 0.85), rotate=22, spacing=(0.9, 1.3), jitter=0.1, sizes=0.15, aliased=0, mixed=0.2)


def pens(picture: Picture, each: float = 0.5) -> list[Colour]:
    """Return the text's colours: one, or in this share of the pictures one for each character."""
    dice = picture.dice
    count = len(picture.text) if dice.chance(each) else 1
    found = [colours.on(dice, picture.page) for _ in range(count)]
    picture.pen = found[0]
    return found


def filled(picture: Picture, setting: Setting, each: float = 0.5) -> None:
    """Set the text and fill it with colours as :func:`pens` finds them."""
    layer, ink = set_text(picture, setting), pens(picture, each)
    lettering.fill(picture, layer, ink)


def faint(picture: Picture, count: int = 3, spread: int = 70) -> list[Colour]:
    """Return colours near that of the page, for what lies behind the text."""
    return [colours.near(picture.dice, picture.page, spread) for _ in range(count)]


def any_colours(picture: Picture, count: int = 4) -> list[Colour]:
    """Return colours for what disturbs: those of the text, of the page, or others."""
    dice = picture.dice
    kind = dice.whole(0, 3)
    if kind == 0:
        return [picture.pen]
    if kind == 1:
        return faint(picture, count)
    return [colours.on(dice, picture.page, 60 if kind == 2 else 20) for _ in range(count)]


def plain(picture: Picture) -> None:
    """A flat page and plain text."""
    backgrounds.flat(picture, colours.light(picture.dice))
    lettering.fill(picture, set_text(picture, UPRIGHT), pens(picture, 0.3))
    if picture.dice.chance(0.3):
        lines.frame(picture, colours.shade(picture.dice, 0, 200))


def peppered(picture: Picture) -> None:
    """Text among single pixels, as many sites of offices and universities have it."""
    dice = picture.dice
    backgrounds.flat(picture, colours.light(dice))
    layer, ink = set_text(picture, UPRIGHT if dice.chance(0.6) else LOOSE), pens(picture)
    specks.pepper(picture, dice.between(0.01, 0.12), any_colours(picture))
    if dice.chance(0.6):
        lines.lines(picture, dice.whole(1, 12), faint(picture), smooth=dice.chance(0.5))
    lettering.fill(picture, layer, ink)
    if dice.chance(0.5):
        specks.pepper(picture, dice.between(0.005, 0.05), any_colours(picture))


def scribbled(picture: Picture) -> None:
    """Text of one or more colours under a few lines."""
    dice = picture.dice
    backgrounds.flat(picture, colours.light(dice))
    filled(picture, LOOSE)
    widest = max(1, picture.height // 24)
    lines.lines(picture, dice.whole(1, 6), any_colours(picture), (1, widest), dice.chance(0.7))
    if dice.chance(0.4):
        specks.dots(picture, dice.whole(5, 60), any_colours(picture))


def pastel_dashes(picture: Picture) -> None:
    """Bold coloured text on a pastel page with a grain, a frame and short dashes."""
    dice = picture.dice
    backgrounds.flat(picture, colours.shade(dice, 195, 250, 0.9))
    if dice.chance(0.7):
        specks.grain(picture, dice.between(2, 9), dice.chance(0.4))
    lines.dashes(picture, dice.whole(8, 60), faint(picture, 4, 110), dice.whole(3, 14), dice.chance(0.5))
    lettering.fill(picture, set_text(picture, UPRIGHT if dice.chance(0.7) else LOOSE), pens(picture, 0.8))
    lines.dashes(picture, dice.whole(0, 16), any_colours(picture), dice.whole(3, 12))
    if dice.chance(0.7):
        lines.frame(picture, colours.dark(dice))


def long_lines(picture: Picture) -> None:
    """Small wide-spaced text on white between long lines of pure colours."""
    dice = picture.dice
    backgrounds.flat(picture, colours.light(dice))
    layer = set_text(picture, SPARSE)
    picture.pen = dice.pick(colours.PURE)
    bright = [*colours.PURE, (255, 255, 0), (0, 255, 255), picture.pen]
    under = dice.chance(0.5)
    if under:
        lines.lines(picture, dice.whole(2, 9), bright, smooth=dice.chance(0.2))
    lettering.fill(picture, layer, [picture.pen])
    if not under:
        lines.lines(picture, dice.whole(1, 6), bright, smooth=dice.chance(0.2))


def bitmap(picture: Picture) -> None:
    """Characters of pixels, without grey edges, on very small pictures."""
    dice = picture.dice
    backgrounds.flat(picture, colours.light(dice) if dice.chance(0.7) else colours.dark(dice))
    setting = Setting(
        height=(0.4, 0.85), spacing=(1.0, 1.6), aliased=1.0, pixels=0.35, jitter=0.12, common=0.8, odd=0.1
    )
    layer, ink = set_text(picture, setting), pens(picture, 0.4)
    if dice.chance(0.5):
        specks.pepper(picture, dice.between(0.01, 0.08), any_colours(picture))
    if dice.chance(0.4):
        lines.lines(picture, dice.whole(1, 5), any_colours(picture), smooth=False)
    lettering.fill(picture, layer, ink)
    if dice.chance(0.3):
        finish.few_colours(picture, 51)


def two_tone(picture: Picture) -> None:
    """Black on white without any grey: upright, italic and bold characters side by side, and a few specks."""
    dice = picture.dice
    backgrounds.flat(picture, (255, 255, 255))
    setting = Setting(
        height=(0.5, 0.8), spacing=(0.95, 1.25), slant=dice.pick((0.0, 0.3)), mixed=0.7, common=0.9, odd=0.05,
        aliased=0.5, jitter=0.05, sizes=0.1,
    )  # fmt: skip
    lettering.fill(picture, set_text(picture, setting), [(0, 0, 0)])
    if dice.chance(0.6):
        specks.pepper(picture, dice.between(0.0, 0.04), [(0, 0, 0), (255, 255, 255)])
    if dice.chance(0.3):
        lines.lines(picture, dice.whole(1, 4), [dice.pick(((0, 0, 0), (255, 255, 255)))], smooth=False)
    finish.one_bit(picture, dice.whole(90, 190))


def small_black(picture: Picture) -> None:
    """A few black letters, slightly turned, on white or a light page: what blogs ask for."""
    dice = picture.dice
    backgrounds.flat(picture, colours.light(dice))
    setting = Setting(height=(0.45, 0.8), rotate=10, jitter=0.08, mixed=0.5, spacing=(1.0, 1.4), aliased=0.1)
    lettering.fill(picture, set_text(picture, setting), [colours.shade(dice, 0, 90)])
