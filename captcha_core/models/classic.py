"""Networks of earlier public projects, layer by layer, for side-by-side runs.

Their layers and numbers are those their authors published. Two things are ours, so that all train and solve
through the same commands: scaling of the pixels happens inside, and heads have the blank as class 0.
"""

from collections.abc import Sequence

import keras
from keras import layers

from captcha_core.errors import SpecError
from captcha_core.models.heads import columns, ctc_head, positions_head
from captcha_core.spec.captcha import CaptchaSpec


def conv3_dense1024(shape: Sequence[int], spec: CaptchaSpec, joint_softmax: bool = False) -> keras.Model:
    """Three convolutions and a dense layer of 1,024 over 100 x 120 x 3 (captcha-solver on TensorFlow 2, "AlexNet").

    Args:
        shape: (100, 120, 3).
        spec: Gives positions and classes.
        joint_softmax: As the original: one softmax over all positions and classes, cut into positions behind it.
            A loss that normalises each position, as Keras's and ours do, takes that back.
    """
    _at_least(shape, 30)
    pixels = keras.Input(tuple(shape), dtype="uint8", name="image")
    x = layers.Rescaling(1 / 255)(pixels)
    for filters in (32, 64, 64):
        x = layers.Conv2D(filters, 3, activation="relu")(x)
        x = layers.MaxPooling2D(2)(x)
    x = layers.Dense(1024, activation="relu")(layers.Flatten()(x))
    if not joint_softmax:
        return keras.Model(pixels, positions_head(x, spec), name="conv3_dense1024")
    joint = layers.Dense(spec.max_length * spec.charset.classes, activation="log_softmax")(x)
    logits = layers.Reshape((spec.max_length, spec.charset.classes), name="logits")(joint)
    return keras.Model(pixels, logits, name="conv3_dense1024")


def conv5x5_dense2048(shape: Sequence[int], spec: CaptchaSpec) -> keras.Model:
    """Three 5 x 5 convolutions and a dense layer of 2,048 over 64 x 128 x 3, raw 0-255 (zakizhou/CAPTCHA)."""
    _at_least(shape, 8)
    start = keras.initializers.TruncatedNormal(stddev=0.05)
    pixels = keras.Input(tuple(shape), dtype="uint8", name="image")
    x = layers.Rescaling(1.0)(pixels)
    for filters, pool in ((48, (2, 2)), (64, (2, 1)), (128, (2, 2))):
        x = layers.Conv2D(filters, 5, padding="same", activation="relu", kernel_initializer=start)(x)
        x = layers.MaxPooling2D(pool)(x)
    x = layers.Dense(2048, activation="relu", kernel_initializer=start)(layers.Flatten()(x))
    return keras.Model(pixels, positions_head(x, spec), name="conv5x5_dense2048")


def crnn(shape: Sequence[int], spec: CaptchaSpec) -> keras.Model:
    """Two convolutions and two bidirectional LSTM layers with CTC over 32 x 104 x 1 (NTHU AIS Decaptcha)."""
    _at_least(shape, 4)
    pixels = keras.Input(tuple(shape), dtype="uint8", name="image")
    x = layers.Rescaling(1 / 255)(pixels)
    for filters in (32, 64):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", kernel_initializer="he_normal")(x)
        x = layers.MaxPooling2D(2)(x)
    x = layers.Dense(64, activation="relu")(columns(x))
    x = layers.Dropout(0.2)(x)
    x = layers.Bidirectional(layers.LSTM(128, return_sequences=True, dropout=0.25))(x)
    x = layers.Bidirectional(layers.LSTM(64, return_sequences=True, dropout=0.25))(x)
    return keras.Model(pixels, ctc_head(x, spec), name="crnn")


def conv10_batchnorm(shape: Sequence[int], spec: CaptchaSpec) -> keras.Model:
    """Five blocks of two convolutions with batch normalisation over 64 x 128 x 3 (a scalable-computing coursework)."""
    _at_least(shape, 32)
    pixels = keras.Input(tuple(shape), dtype="uint8", name="image")
    x = layers.Rescaling(1 / 255)(pixels)
    for filters in (32, 64, 128, 256, 256):
        for _ in range(2):
            x = layers.Conv2D(filters, 3, padding="same", kernel_initializer="he_uniform")(x)
            x = layers.ReLU()(layers.BatchNormalization()(x))
        x = layers.MaxPooling2D(2)(x)
    return keras.Model(pixels, positions_head(x, spec), name="conv10_batchnorm")


def _at_least(shape: Sequence[int], side_px: int) -> None:
    if min(shape[:2]) < side_px:
        raise SpecError(
            f"expected an image of at least {side_px} x {side_px} pixels for this network, received "
            f"{shape[0]} x {shape[1]}; use a larger size."
        )
