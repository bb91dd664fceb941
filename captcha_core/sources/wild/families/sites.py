"""Pictures in the manner of widespread site software: frameworks, forums and shops."""

import cv2
import numpy as np

from captcha_core.sources.wild import backgrounds, colours, distort, finish, lettering, lines, specks
from captcha_core.sources.wild.families.plain import any_colours, faint, filled, pens
from captcha_core.sources.wild.layout import Setting, set_text
from captcha_core.sources.wild.picture import Picture, paint

TILTED = Setting(height=(0.45, 0.75), rotate=40, spacing=(0.95, 1.35), jitter=0.08, aliased=0, odd=0.1)
STEADY = Setting(height=(0.5, 0.85), rotate=10, spacing=(0.85, 1.2), jitter=0.06, aliased=0.05)
SWINGING = Setting(height=(0.4, 0.65), rotate=15, spacing=(0.85, 1.2), swing=0.2, sizes=0.1, aliased=0)


def thick_sine(picture: Picture) -> None:
    """Turned letters of one colour with a thick sine of the same colour, and small letters behind them."""
    dice = picture.dice
    backgrounds.flat(picture, (243, 251, 254) if dice.chance(0.5) else colours.light(dice))
    specks.small_text(picture, dice.whole(0, 40), faint(picture, 5, 80))
    filled(picture, TILTED, 0.2)
    for _ in range(dice.whole(1, 2)):
        lines.curve(picture, picture.pen, max(1, round(picture.height * dice.between(0.02, 0.05))), dice.chance(0.6))


def crossed(picture: Picture) -> None:
    """Text of one colour on a pastel page, lines behind and before it, all bent together."""
    dice = picture.dice
    backgrounds.flat(picture, colours.shade(dice, 190, 255, 0.9))
    widest = max(1, picture.height // 30)
    lines.lines(picture, dice.whole(0, 5), any_colours(picture), (1, widest))
    filled(picture, STEADY, 0.3)
    lines.lines(picture, dice.whole(0, 4), any_colours(picture), (1, widest))
    if dice.chance(0.8):
        distort.bend_picture(picture, distort.rubber(dice, picture.height, picture.width, dice.between(0.4, 1)))


def spiral_grid(picture: Picture) -> None:
    """Small coloured text on a tinted spiral or web of thin lines, in a frame."""
    dice = picture.dice
    backgrounds.flat(picture, colours.light(dice))
    wire = colours.near(dice, picture.page, 80)
    middle = (dice.whole(0, picture.width), dice.whole(0, picture.height))
    if dice.chance(0.5):
        for radius in range(3, picture.width, dice.whole(4, 12)):
            cv2.circle(picture.image, middle, radius, wire, 1)
    else:
        for angle in np.linspace(0, 6.3, dice.whole(12, 50)):
            end = (int(middle[0] + 400 * np.cos(angle)), int(middle[1] + 400 * np.sin(angle)))
            cv2.line(picture.image, middle, end, wire, 1)
    lettering.fill(picture, set_text(picture, SWINGING if dice.chance(0.5) else STEADY), pens(picture, 0.4))
    lines.frame(picture, wire)


def raised_net(picture: Picture) -> None:
    """A net of lines that the letters lift up: no other ink, as forums once had it."""
    dice = picture.dice
    backgrounds.flat(picture, colours.light(dice) if dice.chance(0.5) else colours.dark(dice))
    picture.pen = colours.on(dice, picture.page)
    layer = set_text(
        picture, Setting(height=(0.6, 0.85), spacing=(1.0, 1.25), common=0.7, odd=0.0, strokes=0, aliased=0)
    )
    soft = lettering.softened(lettering.grown(layer, 1), 0.8).alpha.astype(np.float32) / 255
    step = max(3, picture.height // 16)
    paper = np.zeros((picture.height, picture.width), dtype=np.uint8)
    paper[::step] = 255
    rows = np.arange(picture.height, dtype=np.float32)[:, None] + soft * step * dice.sign() * dice.between(1.0, 1.6)
    columns = np.tile(np.arange(picture.width, dtype=np.float32), (picture.height, 1))
    net = cv2.remap(paper, columns, rows, cv2.INTER_LINEAR)
    lettering.fill(picture, layer, [picture.pen], dice.between(0.35, 0.7))
    lettering.fill(picture, layer._replace(alpha=net), [picture.pen])


def boxed(picture: Picture) -> None:
    """Every character in a field of its own colour."""
    dice = picture.dice
    backgrounds.flat(picture, colours.light(dice))
    layer = set_text(
        picture, Setting(height=(0.5, 0.75), rotate=12, spacing=(1.15, 1.6), fill=(0.85, 1.0), aliased=0.1)
    )
    fields = [colours.near(dice, picture.page, 70) for _ in picture.text]
    picture.image = np.array(fields, dtype=np.uint8)[layer.owner]
    lettering.fill(picture, layer, [colours.on(dice, field, 140) for field in fields])


def two_halves(picture: Picture) -> None:
    """Text and page exchange their colours, or text changes its colour, half way down or across."""
    dice = picture.dice
    first = colours.light(dice)
    second = colours.on(dice, first, 170)
    backgrounds.flat(picture, first)
    layer, mask = set_text(picture, STEADY), np.zeros((picture.height, picture.width), dtype=bool)
    if dice.chance(0.5):
        mask[int(picture.height * dice.between(0.35, 0.65)) :] = True
    else:
        mask[:, int(picture.width * dice.between(0.3, 0.7)) :] = True
    if dice.chance(0.5):
        picture.image[mask] = second
        lettering.fill(picture, layer, [second])
        swapped = np.where(mask, layer.alpha, np.uint8(0))
        lettering.fill(picture, layer._replace(alpha=swapped), [first])
        return
    lettering.fill(picture, layer._replace(owner=mask.astype(np.uint8)), [second, colours.on(dice, first)])


def textured_ink(picture: Picture) -> None:
    """Letters cut out of a photograph or of clouds, on a flat page or the other way round."""
    dice = picture.dice
    page = colours.light(dice) if dice.chance(0.6) else colours.dark(dice)
    ink = colours.on(dice, page, 170)
    backgrounds.clouds(picture, ink, colours.near(dice, ink, 90), dice.between(0.3, 1.5))
    cloth = picture.image.copy()
    backgrounds.flat(picture, page)
    layer = set_text(picture, Setting(height=(0.6, 0.92), rotate=8, spacing=(0.85, 1.2), strokes=0, aliased=0))
    np.maximum(picture.ink, layer.alpha, out=picture.ink)
    paint(picture.image, layer.alpha, cloth)
    if dice.chance(0.3):
        lettering.fill(picture, lettering.outline(layer), [colours.on(dice, page)])


def blotted(picture: Picture) -> None:
    """Text behind a few discs or thick strokes through which it still shows."""
    dice = picture.dice
    backgrounds.flat(picture, colours.light(dice))
    lettering.fill(picture, set_text(picture, STEADY), pens(picture, 0.4))
    veil = picture.image.copy()
    sheet = Picture(dice, "", veil, page=picture.page, pen=picture.pen)
    some = any_colours(sheet)
    lines.circles(sheet, dice.whole(1, 5), some, filled=True)
    lines.lines(sheet, dice.whole(0, 3), some, (3, max(3, picture.height // 6)))
    share = dice.between(0.25, 0.5)
    picture.image = cv2.addWeighted(picture.image, 1 - share, sheet.image, share, 0)


def swinging(picture: Picture) -> None:
    """Text along a curve of ups and downs, wide or narrow, with dots or strokes of its colour."""
    dice = picture.dice
    backgrounds.flat(picture, colours.light(dice) if dice.chance(0.8) else colours.dark(dice))
    layer, ink = set_text(picture, SWINGING), pens(picture, 0.4)
    lettering.fill(picture, layer, ink)
    if dice.chance(0.5):
        lines.dashes(picture, dice.whole(3, 25), ink, dice.whole(4, 16), True)
    else:
        specks.dots(picture, dice.whole(5, 60), ink, (0, 1))


def wide_black(picture: Picture) -> None:
    """Heavy letters, drawn wide until they touch, among specks and strokes of their colour, nearly without grey."""
    dice = picture.dice
    backgrounds.flat(picture, (255, 255, 255) if dice.chance(0.7) else colours.light(dice))
    setting = Setting(
        height=(0.5, 0.8), fill=(0.9, 1.02), rotate=6, slant=0.1, spacing=(0.8, 0.98), wide=(1.1, 1.7), jitter=0.1,
        sizes=0.12, mixed=0.1, odd=0.1, common=0.7, aliased=0, strokes=0,
    )  # fmt: skip
    layer = set_text(picture, setting)
    ink = [(0, 0, 0)] if dice.chance(0.7) else [colours.dark(dice)]
    picture.pen = ink[0]
    if dice.chance(0.6):
        layer = distort.bend_text(layer, distort.waves(dice, picture.height, picture.width, 0.6))
    lettering.fill(picture, layer, ink)
    specks.pepper(picture, dice.between(0.0, 0.1), ink)
    for _ in range(dice.whole(0, 3)):
        lines.curve(picture, picture.pen, dice.whole(1, 2), dice.chance(0.6), dice.chance(0.3))
    if dice.chance(0.6):
        finish.one_bit(picture, dice.whole(100, 170))
