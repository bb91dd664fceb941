"""A small network that reads one letter, and what makes a network for whole captchas of such a one."""

from collections.abc import Callable, Sequence
from functools import wraps

import keras
from keras import layers, ops

from captcha_core.models.heads import scaled
from captcha_core.models.space import DROPOUT, Choice, Space
from captcha_core.spec.captcha import CaptchaSpec

SURE = 20.0  # logit of the blank where there is no letter; its negative where there is one
SPACE = Space(
    {
        "filters": Choice(
            ((8, 16), (16, 32), (32, 64), (84, 224), (8, 16, 32), (16, 32, 64), (24, 48, 96), (32, 64, 128))
        ),
        "kernel": Choice((3, 5)),
        "pool_each": Choice((True, False)),
        "dense": Choice((32, 64, 96, 128, 256, 564)),
        "dropout": DROPOUT,
    }
)


def build(
    shape: Sequence[int],
    classes: int,
    filters: Sequence[int] = (24, 48, 96),
    dense: int = 96,
    dropout: float = 0.3,
    kernel: int = 3,
    pool_each: bool = True,
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
        kernel: Kernel size.
        pool_each: A pool behind each convolution. Without, the convolutions cut their margins and one pool stands
            behind the last, as in earlier letter networks: filters (84, 224) and a dense layer of 564 then have the
            18,369,006 parameters of one of them.

    Returns:
        Model from uint8 (B, S, S, C) to logits (B, K).
    """
    pixels = keras.Input(tuple(shape), dtype="uint8", name="letter")
    x = scaled(pixels)
    padding = "same" if pool_each else "valid"
    for width in filters:
        x = layers.Conv2D(width, kernel, padding=padding, activation="relu", kernel_initializer="he_normal")(x)
        if pool_each:
            x = layers.MaxPooling2D(2, padding="same")(x)
    if not pool_each:
        x = layers.MaxPooling2D(2)(x)
    x = layers.Dropout(dropout)(layers.Flatten()(x))
    x = layers.Dense(dense, activation="relu", kernel_initializer="he_normal")(x)
    return keras.Model(pixels, layers.Dense(classes, name="letter_logits")(x), name="letter_cnn")


def reader(letter: Callable[..., keras.Model]) -> Callable[..., keras.Model]:
    """Return a whole-captcha builder ``(shape, spec, **options)`` of a letter network ``(shape, classes, **options)``.

    The letter network knows no blank. Whether a square holds a letter is decided by its pixels: an empty one is the
    blank and gives no gradient, so what could not be cut teaches nothing.
    """

    @wraps(letter)  # its options with their defaults are the builder's
    def build(shape: Sequence[int], spec: CaptchaSpec, **options: object) -> keras.Model:
        count, *square = shape
        classes = len(spec.alphabet)
        squares = keras.Input(tuple(shape), dtype="uint8", name="letters")
        network = letter(square, classes, **options)
        logits = ops.reshape(network(ops.reshape(squares, (-1, *square))), (-1, count, classes))
        there = ops.cast(ops.max(ops.cast(squares, "float32"), axis=(2, 3, 4)) > 0, "float32")[..., None]
        blank = SURE * (1 - 2 * there)
        whole = layers.Concatenate(name="logits")([blank, logits * there])
        return keras.Model(squares, whole, name=f"letters_{network.name}")

    return build
