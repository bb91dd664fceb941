"""One device or several: where a model is built."""

import contextlib
from typing import Any

import keras


def scope() -> contextlib.AbstractContextManager[Any]:
    """Return the scope in which to build and compile a model.

    With several accelerators under TensorFlow it mirrors the model over them (synchronous data parallelism, the
    batch is shared out); with one or none it does nothing.
    """
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        if len(devices) > 1:
            return tf.distribute.MirroredStrategy([device.name for device in devices]).scope()
    return contextlib.nullcontext()
