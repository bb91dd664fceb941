"""A convolutional network over a log-mel spectrogram, read along time with CTC: texts of any length."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from captcha_core.models.blocks import scaled
from captcha_core.models.heads import ctc_head
from captcha_core.spec.captcha import CaptchaSpec

STEPS_A_CHARACTER = 12


def build(
    shape: Sequence[int],
    spec: CaptchaSpec,
    filters: Sequence[int] = (16, 32, 64),
    dense: int = 128,
    halvings: int | None = None,
    recurrent: int = 0,
    layer_norm: bool = True,
    dropout: float = 0.0,
) -> keras.Model:
    """Build the network: convolutions over time and pitch, then along time alone, then CTC.

    Args:
        shape: (T, M) of the uint8 log-mel input.
        spec: Gives the classes K + 1.
        filters: Output channels of the convolutions over time and pitch; each halves the mel bands.
        dense: Channels of the convolutions along time.
        halvings: How often the frames are halved. By default as often as leaves 12 steps for each character of the
            longest text: CTC starts the sooner the fewer steps there are.
        recurrent: Units of a bidirectional GRU behind the convolutions; 0 leaves it out.
        layer_norm: Normalise the channels of each step behind the convolutions.
        dropout: Share of the channels that is dropped in training.

    Returns:
        Model from uint8 (B, T, M) to logits (B, T', K + 1); class 0 is the blank.

    Raises:
        SpecError: If T' is too short for the longest label.
    """
    halvings = _halvings(shape[0], spec.max_length) if halvings is None else halvings
    levels = keras.Input(tuple(shape), dtype="uint8", name="log_mel")
    x = layers.Reshape((*shape, 1))(scaled(levels))
    conv: dict[str, Any] = {"padding": "same", "activation": "relu", "kernel_initializer": "he_normal"}
    for index, width in enumerate(filters):
        x = layers.Conv2D(width, 5 if index == 0 else 3, strides=(2 if index < halvings else 1, 2), **conv)(x)
    x = _joined_bands(x)
    for index in range(max(2, halvings - len(filters))):
        x = layers.Conv2D(dense, (1, 5), strides=(1, 2 if len(filters) + index < halvings else 1), padding="same")(x)
        x = layers.ReLU()(layers.LayerNormalization()(x) if layer_norm else x)
    x = layers.Reshape((x.shape[2], x.shape[3]))(x)
    if recurrent:
        x = layers.Bidirectional(layers.GRU(recurrent, return_sequences=True))(x)
    if dropout:
        x = layers.Dropout(dropout)(x)
    return keras.Model(levels, ctc_head(x, spec), name="audio_ctc")


def _joined_bands(x: keras.KerasTensor) -> keras.KerasTensor:
    """Return a map (B, T, M, C) as (B, 1, T, M * C): one row, so that what follows goes along time alone."""
    _, frames, bands, channels = x.shape
    return layers.Reshape((1, frames, bands * channels))(x)


def _halvings(frames: int, length: int) -> int:
    return next((n for n in (4, 3, 2, 1) if -(-frames // 2**n) >= STEPS_A_CHARACTER * length), 0)
