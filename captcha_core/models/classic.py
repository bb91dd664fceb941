"""Networks of earlier public projects, layer by layer, for side-by-side runs.

Their layers and numbers are those their authors published. Two things are ours, so that all train and solve
through the same commands: scaling of the pixels happens inside, and heads have the blank as class 0. Letter networks
have no blank: the character with the class id i is output i - 1, and the softmax is left to the loss.
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
    pixels, x = _scaled_input(shape, 30)
    for filters in (32, 64, 64):
        x = layers.MaxPooling2D(2)(layers.Conv2D(filters, 3, activation="relu")(x))
    x = layers.Dense(1024, activation="relu")(layers.Flatten()(x))
    if not joint_softmax:
        return keras.Model(pixels, positions_head(x, spec), name="conv3_dense1024")
    joint = layers.Dense(spec.max_length * spec.charset.classes, activation="log_softmax")(x)
    logits = layers.Reshape((spec.max_length, spec.charset.classes), name="logits")(joint)
    return keras.Model(pixels, logits, name="conv3_dense1024")


def conv5x5_dense2048(shape: Sequence[int], spec: CaptchaSpec) -> keras.Model:
    """Three 5 x 5 convolutions and a dense layer of 2,048 over 64 x 128 x 3, raw 0-255 (zakizhou/CAPTCHA)."""
    start = keras.initializers.TruncatedNormal(stddev=0.05)
    pixels, x = _scaled_input(shape, 8, scale=1.0)
    for filters, pool in ((48, (2, 2)), (64, (2, 1)), (128, (2, 2))):
        x = layers.Conv2D(filters, 5, padding="same", activation="relu", kernel_initializer=start)(x)
        x = layers.MaxPooling2D(pool)(x)
    x = layers.Dense(2048, activation="relu", kernel_initializer=start)(layers.Flatten()(x))
    return keras.Model(pixels, positions_head(x, spec), name="conv5x5_dense2048")


def crnn(shape: Sequence[int], spec: CaptchaSpec) -> keras.Model:
    """Two convolutions and two bidirectional LSTM layers with CTC over 32 x 104 x 1 (NTHU AIS Decaptcha)."""
    pixels, x = _scaled_input(shape, 4)
    for filters in (32, 64):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", kernel_initializer="he_normal")(x)
        x = layers.MaxPooling2D(2)(x)
    x = layers.Dropout(0.2)(layers.Dense(64, activation="relu")(columns(x)))
    for units in (128, 64):
        x = layers.Bidirectional(layers.LSTM(units, return_sequences=True, dropout=0.25))(x)
    return keras.Model(pixels, ctc_head(x, spec), name="crnn")


def conv10_batchnorm(shape: Sequence[int], spec: CaptchaSpec) -> keras.Model:
    """Five blocks of two convolutions with batch normalisation over 64 x 128 x 3 (a scalable-computing coursework)."""
    pixels, x = _scaled_input(shape, 32)
    for filters in (32, 64, 128, 256, 256):
        for _ in range(2):
            x = layers.Conv2D(filters, 3, padding="same", kernel_initializer="he_uniform")(x)
            x = layers.ReLU()(layers.BatchNormalization()(x))
        x = layers.MaxPooling2D(2)(x)
    return keras.Model(pixels, positions_head(x, spec), name="conv10_batchnorm")


def conv84_dense564(shape: Sequence[int], classes: int, dropout: float = 0.3) -> keras.Model:
    """Two convolutions and a dense layer of 564 over one letter of 28 x 28 x 1 (captcha_recognition).

    With ten classes it has exactly the 18,369,006 parameters that its author published; the dropout is ours.
    """
    pixels, x = _scaled_input(shape)
    for filters in (84, 224):
        x = layers.Conv2D(filters, 3, activation="relu")(x)
    x = layers.Dense(564, activation="relu")(layers.Flatten()(layers.MaxPooling2D(2)(x)))
    return _letter_model(pixels, layers.Dropout(dropout)(x), classes, "conv84_dense564")


def conv32_dense128(shape: Sequence[int], classes: int, dropout: float = 0.5) -> keras.Model:
    """Two convolutions with pooling and a dense layer of 128 over one letter of 30 x 30 x 3 (NTHU AIS Decaptcha)."""
    pixels, x = _scaled_input(shape)
    for filters in (32, 64):
        x = layers.MaxPooling2D(2)(layers.Conv2D(filters, 3, activation="relu")(x))
    x = layers.Dense(128, activation="relu")(layers.Flatten()(x))
    return _letter_model(pixels, layers.Dropout(dropout)(x), classes, "conv32_dense128")


def _letter_model(pixels: keras.KerasTensor, x: keras.KerasTensor, classes: int, name: str) -> keras.Model:
    return keras.Model(pixels, layers.Dense(classes, name="letter_logits")(x), name=name)


def _scaled_input(
    shape: Sequence[int], least_px: int = 1, scale: float = 1 / 255
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Return the uint8 input, and the pixels as the first layer sees them."""
    if min(shape[:2]) < least_px:
        raise SpecError(
            f"expected an image of at least {least_px} x {least_px} pixels for this network, received "
            f"{shape[0]} x {shape[1]}; use a larger size."
        )
    pixels = keras.Input(tuple(shape), dtype="uint8", name="image")
    return pixels, layers.Rescaling(scale)(pixels)
