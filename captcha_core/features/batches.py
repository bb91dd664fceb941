"""Endless batches for training from arrays in memory, at any position, for any Keras backend."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from captcha_core.features.kinds import Features
from captcha_core.spec.captcha import CaptchaSpec

Batch = tuple[np.ndarray, np.ndarray]
Batches = Callable[[int], Iterator[Batch]]  # from the batch with this number on
Augment = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def encode(arrays: Sequence[np.ndarray] | np.ndarray, features: Features) -> np.ndarray:
    """Return the features (B, ...) of raw arrays."""
    if isinstance(arrays, np.ndarray) and arrays.shape[1:] == features.shape and arrays.dtype == features.dtype:
        return arrays
    return np.stack([features.from_array(array) for array in arrays])


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
