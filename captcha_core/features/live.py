"""Endless batches for training from a live stream: no sample is seen twice."""

from collections.abc import Iterator

from captcha_core.features.batches import Batch, Batches, encode
from captcha_core.features.kinds import Features
from captcha_core.sources.generate import texts
from captcha_core.sources.scheme import Scheme
from captcha_core.sources.stream import Stream


def stream_batches(
    scheme: Scheme, features: Features, batch_size: int, seed: int, threads: int = 1, oversample: str = ""
) -> Batches:
    """Return batches (features, ids) of a live stream; batch b holds the samples from b * batch_size on.

    The arguments are those of :class:`captcha_core.sources.stream.Stream`.

    Raises:
        SpecError: If a character to oversample is not of the scheme's alphabet.
    """
    spec = scheme.spec
    texts(scheme, seed, range(1), oversample)  # what is wrong with them is told now, not by a thread

    def batches(first: int) -> Iterator[Batch]:
        stream = Stream(scheme, seed, batch_size, start=first * batch_size, threads=threads, oversample=oversample)
        try:
            for arrays, labels in stream:
                yield encode(arrays, features), spec.charset.encode(labels, spec.max_length)
        finally:
            stream.close()

    return batches
