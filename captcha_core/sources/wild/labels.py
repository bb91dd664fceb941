"""What the pictures say: the characters of one picture are of one alphabet, as those of one site are."""

import string
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # its drawing of numbers is compiled: whoever lists schemes needs none of that
    from captcha_core.sources.wild.dice import Dice

DIGITS, LOWER, UPPER = string.digits, string.ascii_lowercase, string.ascii_uppercase
ALPHABET = DIGITS + LOWER + UPPER + "+-*/=?"
CLEAR = "23456789abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"  # sites leave out what looks alike
LENGTHS = (4, 5, 6, 3, 7, 8, 2, 1, 9, 10)
LENGTH_SUMS = tuple(accumulate((36, 22, 20, 6, 5, 4, 2, 1, 1.5, 1)))
LONGEST = 10


@dataclass(frozen=True)
class Alphabets:
    """Which alphabets a family draws from, by weight.

    Attributes:
        digits: Digits alone.
        lower: Small letters alone.
        upper: Capitals alone.
        letters: Letters of both cases.
        lower_digits: Small letters and digits.
        upper_digits: Capitals and digits.
        all: Letters of both cases and digits.
        clear: The same without characters that look like others.
        sums: A small sum to be copied, such as ``3+4=?``.
    """

    digits: float = 3.2
    lower: float = 1.4
    upper: float = 1.4
    letters: float = 0.9
    lower_digits: float = 2.0
    upper_digits: float = 2.2
    all: float = 2.0
    clear: float = 0.7
    sums: float = 0.25


ALPHABETS = {
    "digits": DIGITS, "lower": LOWER, "upper": UPPER, "letters": LOWER + UPPER, "lower_digits": LOWER + DIGITS,
    "upper_digits": UPPER + DIGITS, "all": ALPHABET[:62], "clear": CLEAR, "sums": DIGITS + "+-*/=?x",
}  # fmt: skip
KINDS = tuple(ALPHABETS)
ANY, SUMS = Alphabets(), Alphabets(0, 0, 0, 0, 0, 0, 0, 0, 1)


def draw_text(dice: "Dice", alphabets: Alphabets, allowed: str = ALPHABET, least: int = 1, most: int = LONGEST) -> str:
    """Return the text of a picture.

    Args:
        dice: Decides it.
        alphabets: Weights of the alphabets.
        allowed: No other characters are drawn.
        least: The shortest length.
        most: The greatest length.
    """
    kind = dice.weighted(KINDS, _sums(alphabets))
    length = min(most, max(least, dice.weighted(LENGTHS, LENGTH_SUMS)))
    if kind == "sums":
        text = _sum(dice)
        if least <= len(text) <= most and set(text) <= set(allowed):
            return text
        kind = "digits"
    hat = "".join(c for c in ALPHABETS[kind] if c in allowed) or allowed
    return "".join(dice.pick(hat) for _ in range(length))


@cache
def _sums(alphabets: Alphabets) -> tuple[float, ...]:
    return tuple(accumulate(getattr(alphabets, name) for name in KINDS))


def _sum(dice: "Dice") -> str:
    most = dice.pick((9, 9, 20, 99))
    text = f"{dice.whole(0, most)}{dice.pick('++--*x/')}{dice.whole(0, most)}"
    return text + dice.pick(("=?", "=?", "=", "", "?"))
