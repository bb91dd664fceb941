"""A convolutional network over a log-mel spectrogram, read with CTC: texts of any length."""

from collections.abc import Sequence

import keras
from keras import layers

from captcha_core.models.heads import ctc_head, scaled
from captcha_core.models.space import DROPOUT, Choice, Space
from captcha_core.spec.captcha import CaptchaSpec

STEPS_A_CHARACTER = 12
SPACE = Space(
    {
        "filters": Choice(((8, 16), (16, 32), (24, 48))),
        "width": Choice((64, 96, 128, 160)),
        "depth": Choice((2, 3, 4)),
        "kernel": Choice((3, 5, 7)),
        "recurrent": Choice((0, 32, 64)),
        "dropout": DROPOUT,
    }
)


def build(
    shape: Sequence[int],
    spec: CaptchaSpec,
    filters: Sequence[int] = (24, 48),
    width: int = 160,
    depth: int = 3,
    kernel: int = 5,
    halvings: int | None = None,
    recurrent: int = 0,
    dropout: float = 0.1,
) -> keras.Model:
    """Build the network: convolutions over time and pitch, then along time alone, then CTC.

    The pitch is halved by each of the first kind, so that a voice a little higher looks the same further up: unheard
    voices are read the better for it. Few time steps and normalised layers let CTC start from labels alone within some
    6,000 clips.

    Args:
        shape: (T, M) of the uint8 log-mel input.
        spec: Gives the classes K + 1.
        filters: Output channels of the convolutions over time and pitch.
        width: Channels of the layers along time.
        depth: How many convolutions along time.
        kernel: Steps that each of those sees.
        halvings: How many of all convolutions, from the first on, halve the steps. By default as many as leave 12 steps
            for each character of the longest text.
        recurrent: Units of a bidirectional GRU behind the convolutions; 0 leaves it out.
        dropout: Share of the channels that is dropped in training; unheard voices are read the better for it.

    Returns:
        Model from uint8 (B, T, M) to logits (B, T', K + 1); class 0 is the blank.

    Raises:
        SpecError: If T' is too short for the longest label.
    """
    most = len(filters) + depth
    halvings = _halvings(shape[0], spec.max_length, most) if halvings is None else halvings
    strides = [2 if index < halvings else 1 for index in range(most)]
    levels = keras.Input(tuple(shape), dtype="uint8", name="log_mel")
    x = layers.Reshape((*shape, 1))(scaled(levels))
    for index, channels in enumerate(filters):
        x = layers.Conv2D(
            channels,
            3 if index else 5,
            strides=(strides[index], 2),
            padding="same",
            activation="relu",
            kernel_initializer="he_normal",
        )(x)
    x = layers.Reshape((x.shape[1], x.shape[2] * x.shape[3]))(x)
    x = layers.ReLU()(layers.LayerNormalization()(layers.Dense(width)(x)))
    for stride in strides[len(filters) :]:
        x = layers.Conv1D(width, kernel, strides=stride, padding="same")(x)
        x = layers.ReLU()(layers.LayerNormalization()(x))
    return keras.Model(levels, ctc_head(x, spec, recurrent, dropout), name="audio_ctc")


def _halvings(frames: int, length: int, most: int) -> int:
    return next((n for n in range(most, 0, -1) if -(-frames // 2**n) >= STEPS_A_CHARACTER * length), 0)
