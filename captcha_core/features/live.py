"""Endless batches of a live stream: each captcha once, or again and again while new ones are slow to come."""

import contextlib
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from itertools import count

import cv2
import numpy as np
import psutil

from captcha_core.dataset.workers import run_ahead
from captcha_core.features.augment import Augment
from captcha_core.features.batches import Batch, Batches, bytes_of
from captcha_core.features.contract import Features
from captcha_core.sources.generate import Arrays, draw_arrays, texts
from captcha_core.sources.programs.scheme import ProgramKnobs
from captcha_core.sources.scheme import Scheme
from captcha_core.sources.stream import Stream

AT_ONCE, AT_ONCE_BY_WORKER = 32, 256  # captchas that are asked for in one go
MOST_KEPT = 10_000  # of a program's captchas, to be learnt from again
MEMORY_SHARE = 0.25  # of the free memory, for what workers have drawn
MOST_BYTES = 8 * 2**30  # of it: a container's limit, which the machine's figures do not tell, is seldom much over that

Drawing = Generator[Batch | None, None, None]


def stream_batches(
    scheme: Scheme, features: Features, batch_size: int, seed: int, threads: int = 1, oversample: str = ""
) -> Batches:
    """Return batches (features, ids) of a live stream; batch b holds the samples from b * batch_size on.

    No sample is seen twice. The arguments are those of :class:`captcha_core.sources.stream.Stream`.

    Raises:
        SpecError: If a character to oversample is not of the scheme's alphabet.
    """
    spec = scheme.spec
    if oversample or not isinstance(scheme.knobs, ProgramKnobs):
        texts(scheme, seed, range(1), oversample)  # a fault in them is raised here and not by a thread

    def batches(first: int) -> Iterator[Batch]:
        stream = Stream(scheme, seed, batch_size, start=first * batch_size, threads=threads, oversample=oversample)
        try:
            for arrays, labels in stream:
                yield features.encode(arrays), spec.charset.encode(labels, spec.max_length)
        finally:
            stream.close()

    return batches


def growing_batches(
    scheme: Scheme, features: Features, batch_size: int, seed: int, augment: Augment | None = None, workers: int = 0
) -> Batches:
    """Return batches (features, ids) of a stream that may be slower than the learner, which never waits for it.

    What is new comes once; the rest of a batch has been drawn before, distorted anew. How much of it depends on how
    fast the stream is, so no two trainings are alike.

    Args:
        workers: Processes that draw; what fits into a quarter of the free memory is kept. 0 draws in a thread and keeps
            the last 10,000, which is right for a program that is slow by itself.
    """
    free = min(MOST_BYTES, int(MEMORY_SHARE * psutil.virtual_memory().available))
    fitting = free // bytes_of(features)
    most = max(4 * AT_ONCE_BY_WORKER, fitting) if workers else MOST_KEPT
    enough = min(2 * batch_size, most - AT_ONCE_BY_WORKER)  # of what is new: no learner waits for quick workers

    def batches(first: int) -> Iterator[Batch]:
        draw = _Draw(scheme, features, seed, first * batch_size)
        drawing = _by_workers(draw, workers) if workers else _by_thread(draw)
        kept = _Kept(most, features, scheme.spec.max_length)
        with contextlib.closing(drawing):
            for number in count(first):
                while kept.fresh < enough and (drawn := next(drawing)) is not None:
                    kept.add(drawn)
                rng = np.random.default_rng([seed, 2, number])
                x, ids = kept.take(batch_size, rng)
                yield x if augment is None else augment(x, rng), ids

    return batches


class _Kept:
    """The last captchas that were drawn, and how many of them nobody has learnt from."""

    def __init__(self, most: int, features: Features, max_length: int) -> None:
        self._x = np.zeros((most, *features.shape), features.dtype)
        self._ids = np.zeros((most, max_length), np.int32)
        self._most, self._count, self.fresh = most, 0, 0

    def add(self, drawn: Batch) -> None:
        x, ids = drawn
        places = np.arange(self._count, self._count + len(x)) % self._most
        self._x[places], self._ids[places] = x, ids
        self._count, self.fresh = self._count + len(x), self.fresh + len(x)

    def take(self, size: int, rng: np.random.Generator) -> Batch:
        """Return the oldest of what is new, filled up with any."""
        begin = self._count - self.fresh
        new = np.arange(begin, begin + min(self.fresh, size)) % self._most
        picked = np.concatenate([new, rng.integers(0, min(self._count, self._most), size - len(new))])
        self.fresh -= len(new)
        return self._x[picked], self._ids[picked]


@dataclass(frozen=True)
class _Draw:
    """A stream from a captcha on; called, it draws a chunk of it by its number."""

    scheme: Scheme
    features: Features
    seed: int
    start: int

    def __call__(self, number: int) -> Batch:
        cv2.setNumThreads(1)  # each worker has a processor of its own
        start = self.start + number * AT_ONCE_BY_WORKER
        return self.encoded(*draw_arrays(self.scheme, self.seed, range(start, start + AT_ONCE_BY_WORKER)))

    def encoded(self, arrays: Arrays, labels: list[str]) -> Batch:
        """Return features and ids."""
        spec = self.scheme.spec
        return self.features.encode(arrays), spec.charset.encode(labels, spec.max_length)


def _by_thread(draw: _Draw) -> Drawing:
    """Yield what a thread has drawn, None where that would mean to wait; the first is waited for."""
    stream = Stream(draw.scheme, draw.seed, AT_ONCE, draw.start)
    drawn: tuple[Arrays, list[str]] | None = next(stream)
    try:
        while True:
            yield drawn and draw.encoded(*drawn)
            drawn = stream.ready()
    finally:
        stream.close()


def _by_workers(draw: _Draw, workers: int) -> Drawing:
    """Yield what processes have drawn, None where that would mean to wait; the first of each is waited for."""
    with contextlib.closing(run_ahead(draw, count(), workers)) as drawing:
        early = 0
        for drawn in drawing:
            early += drawn is not None
            if drawn is None and early < workers:
                time.sleep(0.01)
            else:
                yield drawn
