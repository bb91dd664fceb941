"""Random bits by counter: what sample i draws depends on (seed, stream, i) alone, never on the batching.

The mixing function is SplitMix64's finaliser (Steele, Lea and Flood, OOPSLA 2014).
"""

from functools import cache
from itertools import accumulate
from typing import Any, NamedTuple, TypeVar, get_type_hints

import numpy as np
from numba import njit

from captcha_core.sources.kernel import kernel

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
MIX_2 = np.uint64(0x94D049BB133111EB)
TEXT, RENDER, EFFECTS, LOOK = 1, 2, 3, 4  # streams: what one part draws never shifts what another draws
CHARACTERS = "characters"

Deal = TypeVar("Deal", bound=tuple[np.ndarray, ...])


class Slots(NamedTuple):
    """How many random numbers a part of a picture takes.

    Args:
        each: Numbers for one of them.
        per: The knob that says how many there are, or ``characters`` for one a character; empty for one a picture.
        stream: Which stream the numbers come from. ``RENDER`` holds those of the `captcha` package, in its order.
    """

    each: int
    per: str = ""
    stream: int = EFFECTS


def deal(kind: type[Deal], seed: int, indices: np.ndarray, lengths: np.ndarray, knobs: Any) -> Deal:
    """Draw the random numbers of a batch and hand every part its own.

    Args:
        kind: A named tuple of arrays, each annotated with its ``Slots``. Within a stream, a field's numbers follow
            those of the fields before it.
        seed: Any whole number.
        indices: int64 (B,), numbers of the samples.
        lengths: (B,), characters in their texts.
        knobs: What the slots' ``per`` names.

    Returns:
        uint32 arrays (B, N, each), where N is the number of characters in the longest text, a knob, or 1.
    """
    table, shapes = [], []
    before = {RENDER: [0, 0], EFFECTS: [0, 0]}  # numbers taken from a stream: by every sample, and for each character
    for slots in _slots(kind):
        by_character = slots.per == CHARACTERS
        count = int(lengths.max()) if by_character else getattr(knobs, slots.per) if slots.per else 1
        table.append((slots.stream, slots.each * count, *before[slots.stream]))
        shapes.append((len(indices), count, slots.each))
        before[slots.stream][by_character] += slots.each if by_character else slots.each * count
    ends = [len(indices) * end for end in accumulate(width for _, width, _, _ in table)]
    bits = np.empty(ends[-1], dtype=np.uint32)
    _fill(np.uint64(seed % 2**64), np.array(table), indices, lengths, bits)
    return kind(*(bits[a:b].reshape(shape) for a, b, shape in zip([0, *ends], ends, shapes, strict=False)))


@cache
def _slots(kind: type) -> list[Slots]:
    return [hint.__metadata__[0] for hint in get_type_hints(kind, include_extras=True).values()]


def random_bits(seed: int, stream: int, indices: range | np.ndarray, count: int) -> np.ndarray:
    """Return uint32 (B, count) random bits, one row a sample."""
    rows = np.asarray(indices, dtype=np.int64)
    bits = np.empty((len(rows), count), dtype=np.uint32)
    _fill(np.uint64(seed % 2**64), np.array([(stream, count, 0, 0)]), rows, rows, bits.reshape(-1))
    return bits


@kernel()
def _fill(seed: np.uint64, table: np.ndarray, indices: np.ndarray, lengths: np.ndarray, bits: np.ndarray) -> None:
    """Fill in the numbers of all parts, one part after the other.

    Args:
        seed: Of the batch.
        table: int64 (P, 4): for each part its stream, its numbers, and how many of the stream others take before it:
            so many, and so many for each character.
        indices: int64 (B,), numbers of the samples.
        lengths: (B,), of their texts.
        bits: uint32, flat.
    """
    root, rows = mixed(seed + GOLDEN), len(indices)
    for row in range(rows):
        start = 0
        for part in range(len(table)):
            stream, width, taken, taken_each = table[part]
            state = mixed(mixed(root ^ np.uint64(stream)) + np.uint64(indices[row]) * GOLDEN)
            state += np.uint64(taken + taken_each * lengths[row] + 1) * GOLDEN
            line = bits[start + row * width : start + (row + 1) * width]
            for column in range(width):
                line[column] = np.uint32(mixed(state + np.uint64(column) * GOLDEN) >> np.uint64(32))
            start += rows * width


@kernel(inline="always")
def mixed(value: np.uint64) -> np.uint64:
    """SplitMix64's finaliser; of a counter in steps of ``GOLDEN`` it makes random words."""
    value = (value ^ (value >> np.uint64(30))) * MIX_1
    value = (value ^ (value >> np.uint64(27))) * MIX_2
    return value ^ (value >> np.uint64(31))


@njit(nogil=True)
def below(bits: Any, count: int) -> int:
    """Map 32 random bits to a whole number in [0, count)."""
    return int((np.int64(bits) * count) >> 32)


@njit(nogil=True)
def fraction(bits: Any) -> float:
    """Map 32 random bits to [0, 1)."""
    return float(np.float64(bits) / 4294967296.0)


@njit(nogil=True)
def signed(bits: Any) -> float:
    """Map 32 random bits to [-1, 1)."""
    return 2.0 * fraction(bits) - 1.0
