"""What depends on the backend that trains: its devices, its memory, its precision, and how it takes batches."""

import contextlib
import ctypes
import itertools
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras

from captcha_core.features.batches import Batch

PREFETCHED = 4  # batches
_REWRITE = "auto_mixed_precision_onednn_bfloat16"
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # mallopt(3)
_LARGEST_MMAP_THRESHOLD = 32 * 2**20
_KEPT_BYTES = 512 * 2**20
_CPUINFO = Path("/proc/cpuinfo")
_MULTIPLIES_BFLOAT16 = re.compile(r"\b(avx512_bf16|amx_bf16)\b")


def scope() -> contextlib.AbstractContextManager[Any]:
    """Return the scope in which to build and compile a model.

    With several accelerators under TensorFlow it mirrors the model over them (synchronous data parallelism, the
    batch is shared out); with one or none it does nothing.
    """
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        if len(devices) > 1:
            mirrored: contextlib.AbstractContextManager[Any] = tf.distribute.MirroredStrategy(
                [one.name for one in devices]
            ).scope()
            return mirrored
    return contextlib.nullcontext()


def keep_freed_memory() -> None:
    """Let the C library keep up to 512 MiB that was freed, so that each batch finds the memory of the one before.

    By default it hands blocks of megabytes back to the kernel, which clears them page by page when the next batch asks
    again: 40,000 page faults for a batch of 32 long clips, half of its time. Without glibc nothing happens.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _LARGEST_MMAP_THRESHOLD)
        mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)


def precision_of(wanted: str) -> str:
    """Return what "auto", "bfloat16" or "float32" means on this machine.

    "auto" is "bfloat16" where a processor trains that multiplies such numbers natively. Only TensorFlow has the choice.
    """
    if keras.backend.backend() != "tensorflow":
        return "float32"
    if wanted != "auto":
        return wanted
    import tensorflow as tf

    natively = _CPUINFO.exists() and _MULTIPLIES_BFLOAT16.search(_CPUINFO.read_text(encoding="utf-8"))
    return "bfloat16" if natively and not tf.config.list_logical_devices("GPU") else "float32"


def attach_state(model: keras.Model) -> None:
    """Let what is assigned to a model's and its optimiser's variables during a training count from the next step on.

    JAX takes them at the beginning of an epoch alone, and gives them back at its end.
    """
    if keras.backend.backend() == "jax":
        model.jax_state_sync()


@contextlib.contextmanager
def multiplying_in(precision: str) -> Iterator[None]:
    """Within it, TensorFlow's graphs on the CPU multiply in ``precision``: "auto", "bfloat16" or "float32".

    Weights, sums, normalisation and losses stay float32, and so does the saved model: only the graph that is run is
    rewritten (TensorFlow's own pass for oneDNN). A processor without such instructions would be slower with it.
    """
    if precision_of(precision) == "float32":
        yield
        return
    import tensorflow as tf

    tf.config.optimizer.set_experimental_options({_REWRITE: True})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({_REWRITE: False})


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
