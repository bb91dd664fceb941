"""Endless batches of a data set for training, from any position on: out of memory or from shards."""

import contextlib
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from captcha_core.dataset.shuffled import ShuffledSplit, Window
from captcha_core.dataset.store import Dataset
from captcha_core.features.augment import Augment
from captcha_core.features.contract import Features
from captcha_core.features.letters import NoLetters
from captcha_core.spec.captcha import CaptchaSpec

Batch = tuple[np.ndarray, np.ndarray]
Batches = Callable[[int], Iterator[Batch]]  # from the batch with this number on
WINDOW_BYTES = 160 * 2**20  # of features that are shuffled among themselves; three windows are in memory at most


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


def shard_batches(
    dataset: Dataset,
    split: str,
    features: Features,
    batch_size: int,
    seed: int,
    augment: Augment | None = None,
    window_bytes: int = WINDOW_BYTES,
) -> Batches:
    """Return batches (features, ids) of a split that need not fit into memory; the next window is read ahead.

    As with :func:`array_batches`, a batch depends on the seed and its number alone.

    Raises:
        DataError: If the split has no labelled samples, or from a batch if a shard is damaged.
    """
    shuffled = ShuffledSplit(dataset, split, seed, window_bytes // bytes_of(features))
    spec = dataset.spec

    def read(window: Window) -> Batch:
        x = np.zeros((sum(shuffled.labelled[name] for name in window.shards), *features.shape), features.dtype)
        texts = []
        for index, (media, text) in enumerate(shuffled.media(window)):
            texts.append(text)
            with contextlib.suppress(NoLetters):  # nothing is learnt from an empty row
                x[index] = features.from_media(media, spec)
        return x, spec.charset.encode(texts, spec.max_length)

    def batches(first: int) -> Iterator[Batch]:
        number, left = first, batch_size
        parts: list[Batch] = []
        with contextlib.closing(_read_ahead(shuffled.windows(first * batch_size), read)) as windows:
            for order, (x, ids) in windows:
                while len(order):
                    picked, order = order[:left], order[left:]
                    parts.append((x[picked], ids[picked]))
                    left -= len(picked)
                    if left:
                        continue
                    batch, labels = (np.concatenate(part) for part in zip(*parts, strict=True))
                    if augment is not None:
                        batch = augment(batch, np.random.default_rng([seed, 1, number]))
                    yield batch, labels
                    number, left, parts = number + 1, batch_size, []

    return batches


def bytes_of(features: Features) -> int:
    """Return how much memory one sample's features take."""
    return int(np.prod(features.shape)) * np.dtype(features.dtype).itemsize


def _read_ahead(
    windows: Iterator[Window], read: Callable[[Window], Batch]
) -> Generator[tuple[np.ndarray, Batch], None, None]:
    """Yield the order and the contents of windows; one is read by a thread while the one before it is used."""
    with ThreadPoolExecutor(1, thread_name_prefix="read-shards") as pool:
        window = next(windows)
        waiting = pool.submit(read, window)
        while True:
            order, contents = window.order, waiting.result()
            window = next(windows)
            waiting = pool.submit(read, window)
            yield order, contents
