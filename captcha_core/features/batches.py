"""Endless batches for training from any position on, out of memory or from a live stream, for any Keras backend."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from captcha_core.features.augment import Augment
from captcha_core.features.contract import Features
from captcha_core.sources.generate import texts
from captcha_core.sources.scheme import Scheme
from captcha_core.sources.stream import Stream
from captcha_core.spec.captcha import CaptchaSpec

Batch = tuple[np.ndarray, np.ndarray]
Batches = Callable[[int], Iterator[Batch]]  # from the batch with this number on


def array_batches(
    x: np.ndarray,
    texts: Sequence[str],
    spec: CaptchaSpec,
    batch_size: int,
    seed: int,
    augment: Augment | None = None,
) -> Batches:
    """Return batches (features, ids) of samples (N, ...) in memory, shuffled anew in each pass.

    The order of a pass and the augmentation of a batch depend on the seed and its number alone, so a resumed
    training sees what the uninterrupted one would have seen.
    """
    ids = spec.charset.encode(texts, spec.max_length)
    count = len(x)

    def rows(number: int) -> np.ndarray:
        wanted = np.arange(number * batch_size, (number + 1) * batch_size)
        picked = np.empty(batch_size, dtype=np.int64)
        for run in np.unique(wanted // count):
            order = np.random.default_rng([seed, int(run)]).permutation(count)
            inside = wanted // count == run
            picked[inside] = order[wanted[inside] % count]
        return picked

    def batches(first: int) -> Iterator[Batch]:
        number = first
        while True:
            picked = rows(number)
            batch = x[picked]
            if augment is not None:
                batch = augment(batch, np.random.default_rng([seed, 1, number]))
            yield batch, ids[picked]
            number += 1

    return batches


def stream_batches(
    scheme: Scheme, features: Features, batch_size: int, seed: int, threads: int = 1, oversample: str = ""
) -> Batches:
    """Return batches (features, ids) of a live stream; batch b holds the samples from b * batch_size on.

    No sample is seen twice. The arguments are those of :class:`captcha_core.sources.stream.Stream`.

    Raises:
        SpecError: If a character to oversample is not of the scheme's alphabet.
    """
    spec = scheme.spec
    texts(scheme, seed, range(1), oversample)  # a fault in them is raised here and not by a thread

    def batches(first: int) -> Iterator[Batch]:
        stream = Stream(scheme, seed, batch_size, start=first * batch_size, threads=threads, oversample=oversample)
        try:
            for arrays, labels in stream:
                yield features.encode(arrays), spec.charset.encode(labels, spec.max_length)
        finally:
            stream.close()

    return batches
