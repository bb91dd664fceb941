"""A convolutional network along a log-mel spectrogram, read with CTC: texts of any length."""

from collections.abc import Sequence

import keras
from keras import layers

from captcha_core.models.blocks import scaled
from captcha_core.models.heads import ctc_head
from captcha_core.models.space import DROPOUT, Choice, Space, widening
from captcha_core.spec.captcha import CaptchaSpec

STEPS_A_CHARACTER = 12
SPACE = Space(
    {
        "width": Choice((32, 48, 64, 96)),
        "depth": Choice((3, 4, 5)),
        "kernel": Choice((3, 5, 7)),
        "recurrent": Choice((0, 32, 64)),
        "dropout": DROPOUT,
    },
    to_options=widening((1, 1.5, 2, 2, 2)),
)


def build(
    shape: Sequence[int],
    spec: CaptchaSpec,
    filters: Sequence[int] = (64, 96, 128, 128),
    kernel: int = 5,
    halvings: int | None = None,
    recurrent: int = 0,
    dropout: float = 0.0,
) -> keras.Model:
    """Build the network: strided convolutions along time with the mel bands as channels, then CTC.

    With few time steps and Muon, CTC starts from labels alone within some 6,000 clips; which of the two matters more
    was not tried apart. Muon wants kernels of four axes, so the sequence is a map of one row. Normalising the layers,
    which helps the image network, made it start later here.

    Args:
        shape: (T, M) of the uint8 log-mel input.
        spec: Gives the classes K + 1.
        filters: Output channels of each convolution.
        kernel: Steps that a convolution sees.
        halvings: How many of the convolutions, from the first on, halve the steps. By default as many as leave 12 steps
            for each character of the longest text.
        recurrent: Units of a bidirectional GRU behind the convolutions; 0 leaves it out.
        dropout: Share of the channels that is dropped in training.

    Returns:
        Model from uint8 (B, T, M) to logits (B, T', K + 1); class 0 is the blank.

    Raises:
        SpecError: If T' is too short for the longest label.
    """
    halvings = _halvings(shape[0], spec.max_length, len(filters)) if halvings is None else halvings
    levels = keras.Input(tuple(shape), dtype="uint8", name="log_mel")
    x = layers.Reshape((1, *shape))(scaled(levels))
    for index, width in enumerate(filters):
        x = layers.Conv2D(
            width,
            (1, kernel),
            strides=(1, 2 if index < halvings else 1),
            padding="same",
            activation="relu",
            kernel_initializer="he_normal",
        )(x)
    x = layers.Reshape((x.shape[2], x.shape[3]))(x)
    if recurrent:
        x = layers.Bidirectional(layers.GRU(recurrent, return_sequences=True))(x)
    if dropout:
        x = layers.Dropout(dropout)(x)
    return keras.Model(levels, ctc_head(x, spec), name="audio_ctc")


def _halvings(frames: int, length: int, most: int) -> int:
    return next((n for n in range(most, 0, -1) if -(-frames // 2**n) >= STEPS_A_CHARACTER * length), 0)
