"""A network for captchas of any site: convolutions over a strip, then blocks along its length, read with CTC.

There is no recurrence: depthwise convolutions along time see far enough to tell the characters of a text apart from
what every picture has, they cost a tenth of a GRU under LiteRT, and any length of strip goes through the same weights.
The blocks are those of ConvNeXt (Liu and others 2022, arXiv 2201.03545) in one dimension.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from captcha_core.errors import SpecError
from captcha_core.models.heads import any_case_head, columns, require_steps, scaled
from captcha_core.models.space import DROPOUT, Choice, Space, widening
from captcha_core.spec.captcha import CaptchaSpec

SPACE = Space(
    {"width": Choice((8, 16, 24)), "depth": Choice((3, 4)), "blocks": Choice((1, 2, 3)), "dropout": DROPOUT},
    to_options=widening((1, 2, 4, 6)),
)


def build(
    shape: Sequence[int],
    spec: CaptchaSpec,
    filters: Sequence[int] = (16, 32, 64, 96),
    dense: int = 192,
    blocks: int = 2,
    reach: int = 9,
    dropout: float = 0.0,
) -> keras.Model:
    """Build the network.

    Args:
        shape: (H, W, C) of the uint8 input.
        spec: Gives the classes K + 1.
        filters: Output channels of each convolution; each halves the height, the first two the width as well.
        dense: Features of a column.
        blocks: Residual blocks along the columns.
        reach: Columns that a block looks at.
        dropout: Share of the features that is dropped in training.

    Returns:
        Model from uint8 (B, H, W, C) to logits (B, W / 4, K + 1); class 0 is the blank.

    Raises:
        SpecError: If the strip is lower than the convolutions halve it, or too short for the longest label.
    """
    if shape[0] < 2 ** len(filters):
        raise SpecError(
            f"expected a strip at least {2 ** len(filters)} pixels high for {len(filters)} convolutions, received "
            f"{shape[0]}; use fewer filters or a larger size."
        )
    pixels = keras.Input(tuple(shape), dtype="uint8", name="image")
    conv: dict[str, Any] = {"padding": "same", "activation": "relu", "kernel_initializer": "he_normal"}
    x = layers.Conv2D(filters[0], 3, strides=2, **conv)(scaled(pixels))
    for index, width in enumerate(filters[1:]):
        x = layers.Conv2D(width, 3, **conv)(x)
        x = layers.MaxPooling2D((2, 1 if index else 2), padding="same")(x)
    x = layers.ReLU()(layers.LayerNormalization()(layers.Dense(dense)(columns(x))))
    x = layers.ReLU()(layers.LayerNormalization()(layers.Conv1D(dense, 3, padding="same")(x)))
    for _ in range(blocks):
        x = _block(x, dense, reach)
    if dropout:
        x = layers.Dropout(dropout)(x)
    require_steps(x, spec)
    return keras.Model(pixels, any_case_head(layers.LayerNormalization()(x), spec), name="strip_ctc")


def _block(x: keras.KerasTensor, dense: int, reach: int) -> keras.KerasTensor:
    """Add what a column's surroundings say of it: (B, T, C) to (B, T, C)."""
    y = layers.DepthwiseConv1D(reach, padding="same")(layers.LayerNormalization()(x))
    y = layers.Dense(dense)(layers.ReLU()(layers.Dense(2 * dense)(y)))
    return layers.Add()([x, y])
