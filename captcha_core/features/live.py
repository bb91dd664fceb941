"""Endless batches for training from a live stream: no sample is seen twice."""

from collections.abc import Iterator

from captcha_core.features.batches import Batch, Batches, encode
from captcha_core.features.kinds import Features
from captcha_core.sources.scheme import Scheme
from captcha_core.sources.stream import Stream


def stream_batches(scheme: Scheme, features: Features, batch_size: int, seed: int, threads: int = 1) -> Batches:
    """Return batches (features, ids) of a live stream; batch b holds the samples from b * batch_size on."""
    spec = scheme.spec

    def batches(first: int) -> Iterator[Batch]:
        stream = Stream(scheme, seed, batch_size, start=first * batch_size, threads=threads)
        try:
            for arrays, texts in stream:
                yield encode(arrays, features), spec.charset.encode(texts, spec.max_length)
        finally:
            stream.close()

    return batches
