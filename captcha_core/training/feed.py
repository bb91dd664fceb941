"""Batches as Keras is to be given them, for as long as a training lasts."""

import contextlib
import itertools
import threading
from collections.abc import Iterator
from typing import Any

import keras

from captcha_core.features.batches import Batch

PREFETCHED = 4  # batches


@contextlib.contextmanager
def feed(batches: Iterator[Batch]) -> Iterator[Any]:
    """Within it, batches for ``fit``; afterwards they are closed, and what they raised is raised as it was.

    TensorFlow would keep them, and with them the threads that draw, for as long as the process lives, and hide an
    error of theirs in one of its own.
    """
    tap = _Tap(batches)
    try:
        yield _piped(tap)
    except Exception:
        if tap.fault is not None:
            raise tap.fault from None
        raise
    finally:
        tap.close()


class _Tap(Iterator[Batch]):
    """An iterator that can be closed while another thread takes from it."""

    def __init__(self, source: Iterator[Batch]) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._closed = False
        self.fault: Exception | None = None

    def __next__(self) -> Batch:
        with self._lock:
            if self._closed:
                raise StopIteration
            try:
                return next(self._source)
            except StopIteration:
                raise
            except Exception as error:
                self.fault = error
                raise

    def close(self) -> None:
        with self._lock:
            self._closed = True
            if hasattr(self._source, "close"):
                self._source.close()


def _piped(batches: Iterator[Batch]) -> Any:
    """Return a plain generator, or under TensorFlow a pipeline that tunes nothing.

    The pipeline that Keras makes of a generator has a thread that tunes it and sleeps for longer and longer, up to a
    minute; whatever frees the pipeline, the next export for one, waits for it to wake up.
    """
    if keras.backend.backend() != "tensorflow":
        return (batch for batch in batches)
    import tensorflow as tf

    first = next(batches)
    kinds = tf.nest.map_structure(lambda one: tf.TensorSpec((None, *one.shape[1:]), one.dtype), first)
    pipeline = tf.data.Dataset.from_generator(lambda: itertools.chain([first], batches), output_signature=kinds)
    options = tf.data.Options()
    options.autotune.enabled = False
    return pipeline.prefetch(PREFETCHED).with_options(options)
