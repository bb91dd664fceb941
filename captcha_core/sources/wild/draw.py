"""Pictures of all kinds that sites show, each of its own size, by seed and number."""

from functools import lru_cache
from itertools import accumulate

import numpy as np

from captcha_core.errors import SpecError
from captcha_core.sources.wild.dice import Dice
from captcha_core.sources.wild.families import FAMILIES, Family
from captcha_core.sources.wild.finish import finish
from captcha_core.sources.wild.labels import ALPHABET, LONGEST, draw_text
from captcha_core.sources.wild.picture import Picture, new_picture


def family_names(families: tuple[str, ...] = (), without: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the names of some families.

    Args:
        families: Those to draw; all when there are none.
        without: Those to leave out.

    Raises:
        SpecError: If a name is unknown, or none is left.
    """
    if unknown := [name for name in (*families, *without) if name not in FAMILIES]:
        raise SpecError(f"expected families of {', '.join(FAMILIES)}, received {unknown[0]!r}; correct the name.")
    names = tuple(name for name in (families or FAMILIES) if name not in without)
    if not names:
        raise SpecError("expected at least one family, received none that is not left out; leave out fewer.")
    return names


def draw_wild(
    seed: int, index: int, names: tuple[str, ...] = tuple(FAMILIES), text: str | None = None
) -> tuple[np.ndarray, str, str]:
    """Draw a picture.

    Args:
        seed: Any whole number.
        index: Number of the picture, which depends on these two, the names and the text alone, on one machine: fonts
            are the machine's.
        names: Families to draw from, see :func:`family_names`.
        text: What the picture says; drawn as well when not given.

    Returns:
        uint8 (H, W, 3), the text, and the name of the family.
    """
    picture, name = _draw(seed, index, names, text)
    return picture.image, picture.text, name


def wild_text(
    seed: int, index: int, names: tuple[str, ...], allowed: str = ALPHABET, least: int = 1, most: int = LONGEST
) -> str:
    """Return what a picture says without drawing it, within an alphabet and lengths."""
    dice = Dice(seed, index)
    _, family = _family(dice, names)
    return draw_text(dice, family.alphabets, allowed, least, most)


def draw_with_ink(seed: int, index: int, names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return a picture, and uint8 (H, W) where its text is."""
    picture, _ = _draw(seed, index, names, None)
    return picture.image, picture.ink


def _family(dice: Dice, names: tuple[str, ...]) -> tuple[str, Family]:
    name = dice.weighted(names, _sums(names))
    return name, FAMILIES[name]


@lru_cache(maxsize=16)
def _sums(names: tuple[str, ...]) -> tuple[float, ...]:
    return tuple(accumulate(FAMILIES[name].weight for name in names))


def _draw(seed: int, index: int, names: tuple[str, ...], text: str | None) -> tuple[Picture, str]:
    dice = Dice(seed, index)
    name, family = _family(dice, names)
    drawn = draw_text(dice, family.alphabets)
    picture = new_picture(dice, drawn if text is None else text, family.height, family.per_character)
    family.draw(picture)
    finish(picture)
    return picture, name
