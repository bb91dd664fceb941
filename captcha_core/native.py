"""Native libraries: started quietly, and only where they get the memory without which they end the process."""

import contextlib
import logging
import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from captcha_core.errors import DataError, SpecError
from captcha_core.extras import MissingExtra, require

# of address space, most of which is never touched; at two processors drawing took 2,097 MB where it could, and did with
# 1,500, a training took 5,054
DATA_MB = 1500
KERAS_MB = 6000
BACKENDS = ("tensorflow", "jax", "torch")


def start_keras() -> None:
    """Import Keras and its backend, and let it find its devices, in silence.

    Raises:
        DataError: If a limit of the address space is too low for it.
        MissingExtra: If it is not installed, or the backend that KERAS_BACKEND names is not.
        SpecError: If no network is trained under that backend.
    """
    require("train", "a network")
    require_backend(os.environ.get("KERAS_BACKEND") or BACKENDS[0])
    require_address_space(KERAS_MB)
    with quiet():
        import keras

        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            tf.config.list_logical_devices()
            logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it warns of every new network's first prediction


def require_backend(name: str) -> None:
    """Refuse a backend of Keras that trains nothing here, or that is not installed.

    Raises:
        MissingExtra: If it is not installed.
        SpecError: If it is none of :data:`BACKENDS`.
    """
    if name not in BACKENDS:
        raise SpecError(f"expected KERAS_BACKEND to be one of {', '.join(BACKENDS)}, received {name}; correct it.")
    if find_spec(name) is None:
        raise MissingExtra(
            f"expected the package {name} for KERAS_BACKEND={name}, received an installation without it; run pip "
            f"install {name}."
        )


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Drop what is written to file descriptor 2 within the block; exceptions still come through."""
    saved = os.dup(2)
    try:
        with Path(os.devnull).open("w", encoding="utf-8") as nothing:
            os.dup2(nothing.fileno(), 2)
            yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


def require_address_space(needed_mb: int) -> None:
    """Refuse to begin under a limit (``ulimit -v``) that is too low.

    Raises:
        DataError: If it is.
    """
    try:
        import resource
    except ImportError:  # Windows knows no such limit
        return
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    if soft != resource.RLIM_INFINITY and soft < needed_mb * 2**20:
        raise DataError(
            f"expected at least {needed_mb:,} MB of address space, received a limit of {soft // 2**20:,} MB; raise it "
            "with ulimit -v."
        )
