"""Which sums are drawn for captchas that ask for the answer: two numbers and a sign, as the alphabet spells them."""

import numpy as np

from captcha_core.errors import SpecError
from captcha_core.sources.randomness import TEXT, random_bits
from captcha_core.spec.arithmetic import SIGNS
from captcha_core.spec.captcha import CaptchaSpec

MOST_DIGITS = 2  # of a number
DRAWS = 4  # random numbers a sum: its sign, its shape, both numbers


def sum_texts(spec: CaptchaSpec, seed: int, indices: range) -> list[str]:
    """Return sums within a specification's alphabet and lengths.

    Every spelling of a sign is as likely as any other, as is every pair of lengths of the numbers. Differences are not
    negative, and quotients are whole.

    Raises:
        SpecError: If the alphabet has no sign or lacks a digit, or no sum is of such a length.
    """
    signs = [(sign, spelling) for sign in "+-×÷" for spelling in SIGNS[sign] if spelling in spec.alphabet]
    end = "".join(sign for sign in "=?" if sign in spec.alphabet)
    shapes = _shapes(spec.min_length - 1 - len(end), spec.max_length - 1 - len(end))
    if not signs or not shapes or not set("0123456789") <= set(spec.alphabet):
        raise SpecError(
            f"expected digits, a sign of + - × ÷ and lengths for sums such as 3+4{end}, received {spec.alphabet!r} and "
            f"{spec.min_length} to {spec.max_length} characters; widen them."
        )
    rows = random_bits(seed, TEXT, indices, DRAWS).astype(np.uint64)
    return [_text(signs, shapes, end, [int(bits) for bits in row]) for row in rows]


def _shapes(least: int, most: int) -> list[tuple[int, int]]:
    """Return how many digits the two numbers may have, the longer first."""
    lengths = range(1, MOST_DIGITS + 1)
    return [(left, right) for left in lengths for right in lengths if right <= left and least <= left + right <= most]


def _text(signs: list[tuple[str, str]], shapes: list[tuple[int, int]], end: str, bits: list[int]) -> str:
    sign, spelling = signs[bits[0] * len(signs) >> 32]
    left_digits, right_digits = shapes[bits[1] * len(shapes) >> 32]
    left, right = _within(bits[2], *_bounds(left_digits)), _within(bits[3], *_bounds(right_digits))
    if sign == "-":
        left, right = max(left, right), min(left, right)
    if sign == "÷":
        right = max(1, right)
        low, high = _bounds(left_digits)
        left = right * _within(bits[2], -(-low // right), high // right)
    return f"{left}{spelling}{right}{end}"


def _bounds(digits: int) -> tuple[int, int]:
    return (0 if digits == 1 else 10 ** (digits - 1)), 10**digits - 1


def _within(bits: int, low: int, high: int) -> int:
    return low + (bits * (high - low + 1) >> 32)
