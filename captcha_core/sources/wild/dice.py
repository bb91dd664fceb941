"""Chance for one picture: plain draws that depend on the seed and the number of the picture alone."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from captcha_core.sources.randomness import random_bits

Item = TypeVar("Item")
WILD = 5  # the stream of random bits; further blocks of the same picture take the numbers after it
BLOCK = 384
PER_UNIT = 1 / 2**32


class Dice:
    """Random numbers by counter.

    Args:
        seed: Any whole number.
        index: Number of the picture.
    """

    def __init__(self, seed: int, index: int) -> None:
        self._seed, self._index, self._block = seed, index, WILD
        self._values: list[float] = []

    def unit(self) -> float:
        """Return a number in [0, 1)."""
        if not self._values:
            bits = random_bits(self._seed, self._block, np.array([self._index]), BLOCK)
            self._values = (bits[0] * PER_UNIT).tolist()
            self._block += 1
        return self._values.pop()

    def between(self, low: float, high: float) -> float:
        """Return a number in [low, high)."""
        return low + (high - low) * self.unit()

    def whole(self, low: int, high: int) -> int:
        """Return a whole number from low to high, both included."""
        return low + int((high - low + 1) * self.unit())

    def chance(self, share: float) -> bool:
        """Return true in this share of all calls."""
        return self.unit() < share

    def sign(self) -> int:
        """Return 1 or -1."""
        return 1 if self.unit() < 0.5 else -1

    def pick(self, items: Sequence[Item]) -> Item:
        """Return one of some items, all equally likely."""
        return items[int(len(items) * self.unit())]

    def weighted(self, items: Sequence[Item], sums: Sequence[float]) -> Item:
        """Return one of some items, by the running sums of their weights."""
        return items[bisect_right(sums, self.unit() * sums[-1])]

    def units(self, count: int) -> np.ndarray:
        """Return float64 (N,) numbers in [0, 1)."""
        bits = random_bits(self._seed, self._block, np.array([self._index]), count)
        self._block += 1
        return np.asarray(bits[0] * PER_UNIT)
