"""Try an entrance with many damaged inputs: what comes out, how long it takes, what it leaves in memory."""

import contextlib
import ctypes
import gc
import hashlib
import pickle
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psutil
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

from captcha_core.errors import CaptchaError

BATCH = 500  # Hypothesis remembers what it has tried: a fresh start after so many keeps that out of the memory figure
SLOW_S = 1.0
AGAIN = 3  # a busy machine makes anything slow once


@dataclass(frozen=True)
class Target:
    """An entrance for strangers' input.

    Args:
        inputs: Valid inputs and mutants of them.
        take: Takes one; raises CaptchaError where it refuses.
    """

    inputs: SearchStrategy[Any]
    take: Callable[[Any], None]


@dataclass
class Tally:
    """What came of it. Memory: how much the process grew after the first batch, and its highest growth at any time."""

    inputs: int = 0
    distinct: set[bytes] = field(default_factory=set)
    refused: int = 0
    slowest_s: float = 0.0
    began_bytes: int = 0
    began_peak_bytes: int = 0

    def figures(self) -> dict[str, float]:
        return {
            "inputs": self.inputs,
            "distinct": len(self.distinct),
            "refused": self.refused,
            "slowest_ms": round(self.slowest_s * 1000, 1),
            "grown_mib": round((_memory_bytes() - self.began_bytes) / 2**20, 1),
            "peak_grown_mib": round((_peak_bytes() - self.began_peak_bytes) / 2**20, 1),
        }


def _memory_bytes() -> int:
    """Return what the process holds, without what C's allocator only keeps for later."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):  # other systems have no such call
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    return int(psutil.Process().memory_info().rss)


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def fuzz(target: Target, count: int, first_seed: int = 0) -> dict[str, float]:
    """Try ``count`` inputs; the same count and seed try the same ones.

    Returns:
        Figures: inputs, distinct ones, refused ones, the slowest's milliseconds, growth in MiB.

    Raises:
        AssertionError: If an input takes over a second, three times in a row.
        Exception: What the target let through besides its own errors, with the smallest input that does so.
    """
    tally = Tally()

    def one(value: Any) -> None:
        tally.inputs += 1
        tally.distinct.add(hashlib.blake2b(pickle.dumps(value), digest_size=8).digest())
        try:
            took_s, refused = _timed(target.take, value)
            for _ in range(AGAIN - 1):
                if took_s < SLOW_S:
                    break
                took_s = min(took_s, _timed(target.take, value)[0])
            assert took_s < SLOW_S, f"an input took {took_s:.1f} s"
        except Exception as error:
            error.add_note(f"the input: {repr(value)[:2000]}")
            raise
        tally.refused += refused
        tally.slowest_s = max(tally.slowest_s, took_s)

    batch, size = 0, min(BATCH, -(-count // 4))
    while tally.inputs < count:
        _run(one, target.inputs, min(size, count - tally.inputs), first_seed + batch)
        if batch == 0:  # libraries are loaded and pools are filled by now
            tally.began_bytes, tally.began_peak_bytes = _memory_bytes(), _peak_bytes()
        batch += 1
    return tally.figures()


def _timed(take: Callable[[Any], None], value: Any) -> tuple[float, bool]:
    began, refused = time.perf_counter(), False
    try:
        take(value)
    except CaptchaError as error:
        refused = True
        assert str(error).strip(), "an error says something"
    return time.perf_counter() - began, refused


def _run(one: Callable[[Any], None], inputs: SearchStrategy[Any], count: int, number: int) -> None:
    quiet = settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    seed(number)(quiet(given(inputs)(one)))()
