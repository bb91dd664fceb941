"""A convolutional network read column by column with CTC: texts of any length."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from captcha_core.errors import SpecError
from captcha_core.models.heads import columns, ctc_head, scaled
from captcha_core.models.space import DROPOUT, Choice, Space, widening
from captcha_core.spec.captcha import CaptchaSpec

STEPS_A_CHARACTER = 3
SPACE = Space(
    {
        "width": Choice((8, 16, 24, 32)),
        "depth": Choice((3, 4, 5)),
        "kernel": Choice((3, 5)),
        "dense": Choice((64, 96, 128, 192, 256)),
        "recurrent": Choice((0, 32, 64)),
        "dropout": DROPOUT,
    },
    to_options=widening((1, 2, 4, 6, 8)),
)


def build(
    shape: Sequence[int],
    spec: CaptchaSpec,
    filters: Sequence[int] = (16, 32, 64, 96),
    width_poolings: int | None = None,
    recurrent: int = 0,
    dense: int = 192,
    layer_norm: bool = True,
    dropout: float = 0.0,
    kernel: int = 3,
) -> keras.Model:
    """Build the network: convolutions that halve the height each time and the width some times, then CTC.

    Args:
        shape: (H, W, C) of the uint8 input.
        spec: Gives the classes K + 1.
        filters: Output channels of each convolution; the height is halved after each.
        width_poolings: How often the width is halved; T = W / 2 ** width_poolings time steps. By default up to three
            times while three steps a character are left: the fewer steps, the sooner CTC starts to learn.
        recurrent: Units of a bidirectional GRU behind the convolutions; 0 leaves it out.
        dense: Units that join the rows of a column before the convolution along time.
        layer_norm: Normalise the columns. It costs next to nothing there, and CTC starts after a third of the samples.
        dropout: Share of the joined features that is dropped in training.
        kernel: Kernel size of the convolutions over the picture.

    Returns:
        Model from uint8 (B, H, W, C) to logits (B, T, K + 1); class 0 is the blank.

    Raises:
        SpecError: If the image is smaller than the strides, or T is too short for the longest label.
    """
    if shape[0] < 2 ** len(filters):
        raise SpecError(
            f"expected an image at least {2 ** len(filters)} pixels high for {len(filters)} convolutions, received "
            f"{shape[0]}; use fewer filters or a larger size."
        )
    halvings = _halvings(shape[1], spec.max_length) if width_poolings is None else width_poolings
    pixels = keras.Input(tuple(shape), dtype="uint8", name="image")
    conv: dict[str, Any] = {"padding": "same", "activation": "relu", "kernel_initializer": "he_normal"}
    x = layers.Conv2D(filters[0], kernel, strides=(2, 2 if halvings else 1), **conv)(scaled(pixels))
    for index, width in enumerate(filters[1:], start=1):
        x = layers.Conv2D(width, kernel, **conv)(x)
        x = layers.MaxPooling2D((2, 2 if index < halvings else 1), padding="same")(x)
    x = layers.Dense(dense)(columns(x))
    x = layers.ReLU()(layers.LayerNormalization()(x) if layer_norm else x)
    x = layers.Conv1D(dense, 3, padding="same")(x)
    x = layers.ReLU()(layers.LayerNormalization()(x) if layer_norm else x)
    return keras.Model(pixels, ctc_head(x, spec, recurrent, dropout), name="image_ctc")


def _halvings(width_px: int, length: int) -> int:
    return next((n for n in (3, 2, 1) if -(-width_px // 2**n) >= STEPS_A_CHARACTER * length), 0)
