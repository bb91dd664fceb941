"""A small network that reads one letter."""

from collections.abc import Sequence

import keras
from keras import layers

from captcha_core.models.blocks import scaled


def build(
    shape: Sequence[int],
    classes: int,
    filters: Sequence[int] = (24, 48, 96),
    dense: int = 96,
    dropout: float = 0.3,
) -> keras.Model:
    """Build the network: convolutions with pooling, one dense layer, one output for each character.

    A letter is always there, so there is no blank: unlike the heads of the whole-captcha networks this one has
    exactly K outputs, and the character with the class id i is output i - 1.

    Args:
        shape: (S, S, C) of the uint8 input.
        classes: Number of characters K.
        filters: Output channels of each convolution.
        dense: Width of the dense layer.
        dropout: Share of its inputs that is dropped in training.

    Returns:
        Model from uint8 (B, S, S, C) to logits (B, K).
    """
    pixels = keras.Input(tuple(shape), dtype="uint8", name="letter")
    x = scaled(pixels)
    for width in filters:
        x = layers.Conv2D(width, 3, padding="same", activation="relu", kernel_initializer="he_normal")(x)
        x = layers.MaxPooling2D(2, padding="same")(x)
    x = layers.Dropout(dropout)(layers.Flatten()(x))
    x = layers.Dense(dense, activation="relu", kernel_initializer="he_normal")(x)
    return keras.Model(pixels, layers.Dense(classes, name="letter_logits")(x), name="letter_cnn")
