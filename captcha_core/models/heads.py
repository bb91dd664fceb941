"""What several networks begin and end with: scaled pixels, and logits for each position or for each time step (CTC)."""

import keras
import numpy as np
from keras import layers, ops

from captcha_core.errors import SpecError
from captcha_core.spec.captcha import CaptchaSpec


def scaled(levels: keras.KerasTensor) -> keras.KerasTensor:
    """Return uint8 levels of any shape as float32 in [-1, 1]."""
    return layers.Rescaling(1 / 127.5, offset=-1.0)(levels)


def positions_head(x: keras.KerasTensor, spec: CaptchaSpec) -> keras.KerasTensor:
    """Return logits (B, L, K + 1) of features of any shape (B, ...)."""
    classes = spec.charset.classes
    x = layers.Dense(spec.max_length * classes)(layers.Flatten()(x))
    return layers.Reshape((spec.max_length, classes), name="logits")(x)


def columns(x: keras.KerasTensor) -> keras.KerasTensor:
    """Return a feature map (B, H, W, C) as a sequence along its width (B, W, H * C)."""
    _, height, width, channels = x.shape
    return layers.Reshape((width, height * channels))(layers.Permute((2, 1, 3))(x))


def ctc_head(x: keras.KerasTensor, spec: CaptchaSpec, recurrent: int = 0, dropout: float = 0.0) -> keras.KerasTensor:
    """Return logits (B, T, K + 1) of a sequence (B, T, C); class 0 is the blank.

    Args:
        x: The sequence.
        spec: Gives the classes K + 1.
        recurrent: Units of a bidirectional GRU before the logits; 0 leaves it out.
        dropout: Share of its output, or of ``x``, that is dropped in training.

    Raises:
        SpecError: If the longest label with the most repeats does not fit into T steps.
    """
    require_steps(x, spec)
    if recurrent:
        x = layers.Bidirectional(layers.GRU(recurrent, return_sequences=True))(x)
    if dropout:
        x = layers.Dropout(dropout)(x)
    return layers.Dense(spec.charset.classes, name="logits")(x)


def require_steps(x: keras.KerasTensor, spec: CaptchaSpec) -> None:
    """Raises: SpecError: If the longest label with the most repeats does not fit into the steps of (B, T, C)."""
    steps, needed = x.shape[1], 2 * spec.max_length - 1
    if steps < needed:
        raise SpecError(
            f"expected at least {needed} time steps for labels of up to {spec.max_length} characters (a repeated "
            f"character needs a blank between), received {steps}; widen the media or use a smaller stride."
        )


def head_characters(spec: CaptchaSpec) -> str:
    """Return the characters of :func:`any_case_head`'s rows behind the blank's: the alphabet, then the other cases."""
    return spec.alphabet + "".join(_other_cases(spec).values())


def any_case_head(x: keras.KerasTensor, spec: CaptchaSpec) -> keras.KerasTensor:
    """Return CTC logits (B, T, K + 1) of a sequence (B, T, C) in which both cases of a letter have a row of their own.

    Labels are often written in one case whatever the picture shows. A letter of which the alphabet has one case alone
    is read where either of its shapes is seen: its logit is the larger one of both.
    """
    classes, others = spec.charset.classes, _other_cases(spec)
    logits = layers.Dense(classes + len(others), name="logits")(x)
    if not others:
        return logits
    twin = np.arange(classes)
    twin[list(others)] = classes + np.arange(len(others))
    return layers.Maximum()([logits[:, :, :classes], ops.take(logits, twin.tolist(), axis=-1)])


def _other_cases(spec: CaptchaSpec) -> dict[int, str]:
    """Return class ids of letters whose other case the alphabet has not, with that case."""
    swapped = {index: character.swapcase() for index, character in enumerate(spec.alphabet, start=1)}
    return {index: other for index, other in swapped.items() if len(other) == 1 and other not in spec.alphabet}
