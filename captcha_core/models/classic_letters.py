"""Letter networks of earlier public projects, layer by layer, for side-by-side runs.

As all letter networks they have exactly K outputs, one for each character and none for a blank: the character with
the class id i is output i - 1. Scaling of the pixels happens inside, and the softmax is left to the loss.
"""

from collections.abc import Sequence

import keras
from keras import layers


def conv84_dense564(shape: Sequence[int], classes: int, dropout: float = 0.3) -> keras.Model:
    """Two convolutions and a dense layer of 564 over 28 x 28 x 1 (captcha_recognition).

    With ten classes it has exactly the 18,369,006 parameters that its author published. The dropout's rate is not
    published.

    Args:
        shape: (28, 28, 1) of the uint8 input.
        classes: Number of characters K.
        dropout: Share of the dense layer that is dropped in training.

    Returns:
        Model from uint8 (B, 28, 28, 1) to logits (B, K).
    """
    pixels = keras.Input(tuple(shape), dtype="uint8", name="letter")
    x = layers.Rescaling(1 / 255)(pixels)
    for filters in (84, 224):
        x = layers.Conv2D(filters, 3, activation="relu")(x)
    x = layers.Flatten()(layers.MaxPooling2D(2)(x))
    x = layers.Dropout(dropout)(layers.Dense(564, activation="relu")(x))
    return keras.Model(pixels, layers.Dense(classes, name="letter_logits")(x), name="conv84_dense564")


def conv32_dense128(shape: Sequence[int], classes: int, dropout: float = 0.5) -> keras.Model:
    """Two convolutions, each with pooling, and a dense layer of 128 over 30 x 30 x 3 (NTHU AIS Decaptcha).

    Args:
        shape: (30, 30, 3) of the uint8 input.
        classes: Number of characters K.
        dropout: Share of the dense layer that is dropped in training.

    Returns:
        Model from uint8 (B, 30, 30, 3) to logits (B, K).
    """
    pixels = keras.Input(tuple(shape), dtype="uint8", name="letter")
    x = layers.Rescaling(1 / 255)(pixels)
    for filters in (32, 64):
        x = layers.Conv2D(filters, 3, activation="relu")(x)
        x = layers.MaxPooling2D(2)(x)
    x = layers.Dropout(dropout)(layers.Dense(128, activation="relu")(layers.Flatten()(x)))
    return keras.Model(pixels, layers.Dense(classes, name="letter_logits")(x), name="conv32_dense128")
