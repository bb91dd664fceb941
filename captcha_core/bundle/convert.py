"""A trained Keras model in the formats that others read."""

import contextlib
import errno
import io
import logging
import os
import subprocess
import sys
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
    if keras.backend.backend() != "tensorflow":
        return _under_tensorflow(model, "litert-int8" if quantised else "litert")
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
            raise _refused(model, "LiteRT", error, "simplify its layers") from error


def to_onnx(model: keras.Model) -> bytes:
    """Return the model as an ONNX graph with a free batch size.

    Raises:
        ModelError: If the converter refuses the model.
    """
    if keras.backend.backend() != "tensorflow":
        return _under_tensorflow(model, "onnx")
    with tempfile.TemporaryDirectory() as folder, _silent():
        path = Path(folder) / "model.onnx"
        try:
            (entry,) = model.inputs
            model(keras.ops.zeros((1, *entry.shape[1:]), dtype=entry.dtype))  # Keras exports what has been called
            model.export(path, format="onnx", verbose=False)
            return path.read_bytes()
        except Exception as error:  # the converter raises its own and TensorFlow's errors alike
            raise _refused(model, "ONNX", error, "export it as LiteRT") from error


def rehearse(model: keras.Model) -> None:
    """Save, load and convert a model that has not learnt yet, so that its training does not end in a refusal.

    Raises:
        ModelError: If it cannot be loaded without code of its own, or the converter refuses it.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        try:
            model.save(path)
            keras.saving.load_model(path, compile=False, safe_mode=True)
        except (ValueError, TypeError, NotImplementedError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise ModelError(
                f"expected a network that is loaded without code of its own, received {model.name}: {reason}; build "
                "it from Keras's own layers, without Lambda."
            ) from error
    to_litert(model)


def _refused(model: keras.Model, kind: str, error: Exception, advice: str) -> ModelError:
    """Return the error of a model that a converter refuses.

    Raises:
        OSError: If the fault is a full disk, for which TensorFlow has words of its own.
    """
    if isinstance(error, OSError):
        raise error
    for code in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT):
        if os.strerror(code) in str(error):
            raise OSError(code, os.strerror(code)) from error
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return ModelError(f"expected a model that {kind} can hold, received {model.name}: {reason}; {advice}.")


def _under_tensorflow(model: keras.Model, kind: str) -> bytes:
    """Convert a model that was trained under another backend, in a process of its own that has TensorFlow's."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "model.keras", Path(folder) / "converted"
        model.save(source)
        done = subprocess.run(  # noqa: S603  ourselves
            [sys.executable, "-m", "captcha_core.bundle.convert", str(source), str(target), kind],
            env={**os.environ, "KERAS_BACKEND": "tensorflow", "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
            raise ModelError(f"expected an export under TensorFlow, received: {reason}; is captchalab[train] whole?")
        return target.read_bytes()


def _main(source: str, target: str, kind: str) -> None:
    """Convert a file; in a process that has TensorFlow's backend."""
    model = keras.saving.load_model(source, compile=False, safe_mode=True)
    Path(target).write_bytes(to_onnx(model) if kind == "onnx" else to_litert(model, kind == "litert-int8"))


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


if __name__ == "__main__":
    _main(*sys.argv[1:])
