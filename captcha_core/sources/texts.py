"""Spaces of strings: every string once, or a random sample of it without repetition, without listing the space."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from math import perm

from captcha_core.errors import SpecError
from captcha_core.spec.captcha import DIGITS, LOWER, UPPER, CaptchaSpec

ROUNDS = 6


@dataclass(frozen=True)
class TextSpace:
    """All strings over an alphabet whose length is within bounds, shorter ones first.

    Args:
        alphabet: Unique characters.
        min_length: Of a string.
        max_length: Of a string.
        distinct: Only strings in which no character repeats.

    Raises:
        SpecError: If there is no such string.
    """

    alphabet: str
    min_length: int
    max_length: int
    distinct: bool = False

    def __post_init__(self) -> None:
        if self.distinct and self.max_length > len(self.alphabet):
            raise SpecError(
                f"expected at most {len(self.alphabet)} characters a text when none may repeat, received a length of "
                f"{self.max_length}; shorten it or widen the alphabet."
            )

    @property
    def size(self) -> int:
        """Number of strings."""
        return sum(self._sizes)

    @cached_property
    def _sizes(self) -> tuple[int, ...]:
        letters = len(self.alphabet)
        lengths = range(self.min_length, self.max_length + 1)
        return tuple(perm(letters, length) if self.distinct else letters**length for length in lengths)

    def __getitem__(self, rank: int) -> str:
        """Return the string of a rank in 0 to ``size`` - 1."""
        length = self.min_length
        for size in self._sizes:
            if rank < size:
                break
            rank -= size
            length += 1
        pool, characters = list(self.alphabet), []
        for place in range(length):
            below = perm(len(pool) - 1, length - place - 1) if self.distinct else len(pool) ** (length - place - 1)
            at, rank = divmod(rank, below)
            characters.append(pool.pop(at) if self.distinct else pool[at])
        return "".join(characters)


@dataclass(frozen=True)
class UniqueTexts:
    """A seeded order of a whole space, epoch after epoch; the text of any index is found without the others.

    Each epoch goes through the space in another order. The first ``count`` texts are a random sample without
    repetition, as long as they are no more than the space holds.

    The order is a Feistel permutation of a power of two with cycle walking: J. Black and P. Rogaway, "Ciphers with
    arbitrary finite domains", 2002.
    """

    space: TextSpace
    seed: int

    def __getitem__(self, index: int) -> str:
        epoch, rank = divmod(index, self.space.size)
        return self.space[self._permuted(rank, epoch)]

    def _permuted(self, rank: int, epoch: int) -> int:
        size = self.space.size
        half = max(1, ((size - 1).bit_length() + 1) // 2)
        while True:
            left, right = rank >> half, rank & ((1 << half) - 1)
            for turn in range(ROUNDS):
                left, right = right, left ^ self._mixed(right, turn, epoch, half)
            rank = (left << half) | right
            if rank < size:
                return rank

    def _mixed(self, value: int, turn: int, epoch: int, bits: int) -> int:
        key = f"{self.seed} {epoch} {turn} {value}".encode()
        return int.from_bytes(hashlib.blake2b(key, digest_size=max(1, -(-bits // 8))).digest(), "big") & (
            (1 << bits) - 1
        )


def space_of(spec: CaptchaSpec, distinct: bool = False) -> TextSpace:
    """Return the space of a specification's texts."""
    return TextSpace(spec.alphabet, spec.min_length, spec.max_length, distinct)


def check_unique(space: TextSpace, count: int) -> None:
    """Raise SpecError when more different strings are asked for than there are."""
    if count > space.size:
        raise SpecError(
            f"expected at most {space.size:,} unique texts of {space.alphabet!r}, received a count of {count:,}; lower "
            "it, or allow longer texts or repetition."
        )


def flagged_alphabet(digits: bool, lower: bool, upper: bool) -> str:
    """Return the alphabet of the chosen ranges, empty when none is chosen."""
    chosen: list[tuple[bool, str]] = [(digits, DIGITS), (lower, LOWER), (upper, UPPER)]
    return "".join(characters for wanted, characters in chosen if wanted)
