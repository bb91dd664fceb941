"""A small convolutional network with one softmax for each position."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from captcha_core.errors import SpecError
from captcha_core.models.heads import positions_head, scaled
from captcha_core.models.space import DROPOUT, Choice, Space, widening
from captcha_core.spec.captcha import CaptchaSpec

SPACE = Space(
    {
        "width": Choice((8, 16, 24, 32)),
        "depth": Choice((3, 4, 5, 6)),
        "kernel": Choice((3, 5)),
        "dropout": DROPOUT,
    },
    to_options=widening((1, 2, 4, 6, 8, 8)),
)


def build(
    shape: Sequence[int],
    spec: CaptchaSpec,
    filters: Sequence[int] = (16, 32, 64, 96, 128),
    kernel: int = 3,
    dropout: float = 0.0,
) -> keras.Model:
    """Build the network: a strided first convolution, then convolutions with pooling between them.

    The stride keeps the wide feature maps few, there is no batch normalisation (it halves the speed on a CPU), and
    the softmaxes read the flattened map itself: with a dense layer between, most weights would be there.

    Args:
        shape: (H, W, C) of the uint8 input.
        spec: Gives the number of positions L and classes K + 1.
        filters: Output channels of each convolution.
        kernel: Kernel size.
        dropout: Share of the flattened features that is dropped in training.

    Returns:
        Model from uint8 (B, H, W, C) to logits (B, L, K + 1).

    Raises:
        SpecError: If the image is smaller than the strides.
    """
    shrink = 2 ** (len(filters) - 1)
    if min(shape[:2]) < shrink:
        raise SpecError(
            f"expected an image of at least {shrink} x {shrink} pixels for {len(filters)} convolutions, received "
            f"{shape[0]} x {shape[1]}; use fewer filters or a larger size."
        )
    pixels = keras.Input(tuple(shape), dtype="uint8", name="image")
    x = scaled(pixels)
    conv: dict[str, Any] = {"padding": "same", "activation": "relu", "kernel_initializer": "he_normal"}
    x = layers.Conv2D(filters[0], kernel, strides=2, **conv)(x)
    for index, width in enumerate(filters[1:], start=1):
        x = layers.Conv2D(width, kernel, **conv)(x)
        if index < len(filters) - 1:
            x = layers.MaxPooling2D(2, padding="same")(x)
    if dropout:
        x = layers.Dropout(dropout)(layers.Flatten()(x))
    return keras.Model(pixels, positions_head(x, spec), name="image_cnn")
