"""Random bits by counter: what sample i draws depends on (seed, stream, i) alone, never on the batching.

The mixing function is SplitMix64's finaliser (Steele, Lea and Flood, OOPSLA 2014).
"""

from typing import Any

import numpy as np
from numba import njit

from captcha_core.sources.kernel import kernel

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
MIX_2 = np.uint64(0x94D049BB133111EB)
TEXT, RENDER, EFFECTS, LOOK = 1, 2, 3, 4  # streams: what one part draws never shifts what another draws


@kernel(inline="always")
def mixed(value: np.uint64) -> np.uint64:
    """SplitMix64's finaliser; of a counter in steps of ``GOLDEN`` it makes random words."""
    value = (value ^ (value >> np.uint64(30))) * MIX_1
    value = (value ^ (value >> np.uint64(27))) * MIX_2
    return value ^ (value >> np.uint64(31))


@kernel()
def _fill(seed: np.uint64, stream: np.uint64, indices: np.ndarray, bits: np.ndarray) -> None:
    root = mixed(mixed(seed + GOLDEN) ^ stream)
    for row in range(bits.shape[0]):
        state = mixed(root + np.uint64(indices[row]) * GOLDEN)
        line = bits[row]
        for column in range(line.shape[0]):
            line[column] = np.uint32(mixed(state + np.uint64(column + 1) * GOLDEN) >> np.uint64(32))


def random_bits(seed: int, stream: int, indices: range | np.ndarray, count: int) -> np.ndarray:
    """Return uint32 (B, count) random bits, one row a sample."""
    rows = np.asarray(indices, dtype=np.int64)
    bits = np.empty((len(rows), count), dtype=np.uint32)
    _fill(np.uint64(seed % 2**64), np.uint64(stream), rows, bits)
    return bits


@njit(nogil=True)
def below(bits: Any, count: int) -> int:
    """Map 32 random bits to a whole number in [0, count)."""
    return int((np.int64(bits) * count) >> 32)


@njit(nogil=True)
def fraction(bits: Any) -> float:
    """Map 32 random bits to [0, 1)."""
    return float(np.float64(bits) / 4294967296.0)
