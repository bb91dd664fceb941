"""A trained Keras model in the formats that others read."""

import contextlib
import errno
import io
import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import keras

from captcha_core.errors import ModelError
from captcha_core.native import quiet


def to_litert(model: keras.Model, quantised: bool = False) -> bytes:
    """Return the model as a LiteRT flatbuffer; its batch size is free, or 1 for a recurrent model.

    Args:
        model: A functional model; built under any backend, converted under TensorFlow.
        quantised: Store weights as int8 and compute dynamically (dynamic-range quantisation).

    Raises:
        ModelError: If the converter refuses the model.
    """
    _check_backend()
    import tensorflow as tf

    with tempfile.TemporaryDirectory() as folder, _silent():
        try:
            batch = 1 if _is_recurrent(model) else None  # LiteRT holds loops over time for a fixed batch only
            (entry,) = model.inputs
            signature = [keras.InputSpec(shape=(batch, *entry.shape[1:]), dtype=entry.dtype)]
            model.export(folder, format="tf_saved_model", input_signature=signature, verbose=False)
            converter = tf.lite.TFLiteConverter.from_saved_model(folder)
            if quantised:
                converter.optimizations = [tf.lite.Optimize.DEFAULT]
            return bytes(converter.convert())
        except Exception as error:  # the converter raises its own and MLIR's errors alike
            _raise_if_no_room(error)
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise ModelError(
                f"expected a model that LiteRT can hold, received {model.name}: {reason}; simplify its layers."
            ) from error


def to_onnx(model: keras.Model) -> bytes:
    """Return the model as an ONNX graph with a free batch size.

    Raises:
        ModelError: If the converter refuses the model.
    """
    _check_backend()
    with tempfile.TemporaryDirectory() as folder, _silent():
        path = Path(folder) / "model.onnx"
        try:
            (entry,) = model.inputs
            model(keras.ops.zeros((1, *entry.shape[1:]), dtype=entry.dtype))  # Keras exports what has been called
            model.export(path, format="onnx", verbose=False)
            return path.read_bytes()
        except Exception as error:  # the converter raises its own and TensorFlow's errors alike
            _raise_if_no_room(error)
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise ModelError(
                f"expected a model that ONNX can hold, received {model.name}: {reason}; export it as LiteRT."
            ) from error


def _raise_if_no_room(error: Exception) -> None:
    """Raise what is no fault of the model for what it is: TensorFlow has words of its own for a full disk."""
    if isinstance(error, OSError):
        raise error
    for code in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT):
        if os.strerror(code) in str(error):
            raise OSError(code, os.strerror(code)) from error


def _check_backend() -> None:
    if keras.backend.backend() != "tensorflow":
        raise ModelError(
            f"expected the TensorFlow backend for the export, received {keras.backend.backend()}; save the .keras file "
            "and export it with KERAS_BACKEND=tensorflow."
        )


def _is_recurrent(model: keras.Model) -> bool:
    return any(isinstance(layer, keras.layers.RNN | keras.layers.Bidirectional) for layer in model.layers)


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Keep TensorFlow's converter from talking on stdout and stderr."""
    level = logging.getLogger("tensorflow").level
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    try:
        with quiet(), contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.getLogger("tensorflow").setLevel(level)
