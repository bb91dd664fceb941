"""Colours of pages and of text that can be told apart."""

from captcha_core.sources.wild.dice import Dice
from captcha_core.sources.wild.picture import Colour

LEAST_DISTANCE = 110.0  # between the colours of page and text, as the eye weighs the primaries
PURE = ((255, 0, 0), (0, 0, 255), (0, 128, 0), (0, 0, 0), (255, 0, 255), (128, 0, 128), (0, 0, 128), (255, 128, 0))


def shade(dice: Dice, low: int, high: int, tint: float = 0.5) -> Colour:
    """Return a colour of some lightness: grey, or tinted in this share of all calls."""
    if not dice.chance(tint):
        level = dice.whole(low, high)
        return level, level, level
    return dice.whole(low, high), dice.whole(low, high), dice.whole(low, high)


def light(dice: Dice) -> Colour:
    """Return the colour of a light page, most often white."""
    return (255, 255, 255) if dice.chance(0.4) else shade(dice, dice.pick((200, 225, 240)), 255)


def dark(dice: Dice) -> Colour:
    """Return a dark colour, often black."""
    return (0, 0, 0) if dice.chance(0.3) else shade(dice, 0, dice.pick((60, 110, 150)), 0.8)


def bright(dice: Dice) -> Colour:
    """Return a saturated colour."""
    if dice.chance(0.3):
        return dice.pick(PURE)
    levels = [dice.whole(150, 255), dice.whole(0, 200), dice.whole(0, 60)]
    first = dice.whole(0, 2)
    levels = levels[first:] + levels[:first]
    return (levels[0], levels[1], levels[2]) if dice.chance(0.5) else (levels[1], levels[0], levels[2])


def distance(first: Colour, second: Colour) -> float:
    """Return how far two colours are apart: green counts most, blue least."""
    red, green, blue = (float(a) - float(b) for a, b in zip(first, second, strict=True))
    return float((0.9 * red * red + 1.5 * green * green + 0.6 * blue * blue) ** 0.5)


def on(dice: Dice, page: Colour, least: float = LEAST_DISTANCE) -> Colour:
    """Return a text colour that stands out from a page."""
    for _ in range(6):
        colour = dice.pick((dark, bright, _any, light))(dice)
        if distance(colour, page) >= least:
            return colour
    return (0, 0, 0) if distance((0, 0, 0), page) > distance((255, 255, 255), page) else (255, 255, 255)


def near(dice: Dice, colour: Colour, spread: int) -> Colour:
    """Return a colour close to another."""
    red, green, blue = (min(255, max(0, level + dice.whole(-spread, spread))) for level in colour)
    return red, green, blue


def between(first: Colour, second: Colour, share: float) -> Colour:
    """Return a mixture of two colours."""
    red, green, blue = (int(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def _any(dice: Dice) -> Colour:
    return dice.whole(0, 255), dice.whole(0, 255), dice.whole(0, 255)
