"""Whole captchas from a letter network: the same network reads each square."""

from collections.abc import Callable, Sequence
from functools import wraps

import keras
from keras import layers, ops

from captcha_core.spec.captcha import CaptchaSpec

SURE = 20.0  # logit of the blank where there is no letter; its negative where there is one


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
