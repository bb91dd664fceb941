"""From a feature map to logits: one softmax a position, or one a time step for CTC."""

import keras
from keras import layers

from captcha_core.errors import SpecError
from captcha_core.spec.captcha import CaptchaSpec


def positions_head(x: keras.KerasTensor, spec: CaptchaSpec, name: str = "logits") -> keras.KerasTensor:
    """Return logits (B, L, K + 1) of features of any shape (B, ...)."""
    classes = spec.charset.classes
    x = layers.Flatten()(x)
    x = layers.Dense(spec.max_length * classes)(x)
    return layers.Reshape((spec.max_length, classes), name=name)(x)


def columns(x: keras.KerasTensor) -> keras.KerasTensor:
    """Return a feature map (B, H, W, C) as a sequence along its width (B, W, H * C)."""
    _, height, width, channels = x.shape
    return layers.Reshape((width, height * channels))(layers.Permute((2, 1, 3))(x))


def ctc_head(x: keras.KerasTensor, spec: CaptchaSpec, name: str = "logits") -> keras.KerasTensor:
    """Return logits (B, T, K + 1) of a sequence (B, T, C); class 0 is the blank.

    Raises:
        SpecError: If the longest label with the most repeats does not fit into T steps.
    """
    steps, needed = x.shape[1], 2 * spec.max_length - 1
    if steps < needed:
        raise SpecError(
            f"expected at least {needed} time steps for labels of up to {spec.max_length} characters (a repeated "
            f"character needs a blank between), received {steps}; widen the media or use a smaller stride."
        )
    return layers.Dense(spec.charset.classes, name=name)(x)
