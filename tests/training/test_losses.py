"""The losses against Keras' own."""

import keras
import numpy as np
import pytest

from captcha_core.training.losses import CTCLoss, PositionsLoss, loss_of


def random_case(steps: int, classes: int, lengths: list[int], most: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(steps)
    ids = np.zeros((len(lengths), most), np.int64)
    for row, length in zip(ids, lengths, strict=True):
        row[:length] = rng.integers(1, classes, length)
    ids[0, :2] = 3  # a double character: a blank must stand between
    return ids, rng.normal(0, 3, (len(lengths), steps, classes)).astype(np.float32)


def value_and_gradient(loss: keras.losses.Loss, ids: np.ndarray, logits: np.ndarray) -> tuple[float, np.ndarray]:
    import tensorflow as tf

    x = tf.Variable(logits)
    with tf.GradientTape() as tape:
        value = loss(ids, x)
    return float(value), np.asarray(tape.gradient(value, x))


@pytest.mark.parametrize(("steps", "lengths"), [(20, [4, 4, 4]), (40, [4, 6, 1, 8]), (135, [8, 8])])
def test_ctc_is_keras_ctc(steps: int, lengths: list[int]) -> None:
    ids, logits = random_case(steps, 37, lengths, max(lengths))
    value, gradient = value_and_gradient(CTCLoss(), ids, logits)
    wanted, slope = value_and_gradient(keras.losses.CTC(), ids, logits)
    assert value == pytest.approx(wanted, rel=1e-5)
    np.testing.assert_allclose(gradient, slope, atol=5e-4)  # sums of 135 logarithms in float32


def test_ctc_learns_from_a_text_as_long_as_its_steps_allow() -> None:
    ids, logits = random_case(5, 11, [4, 4], 4)  # 3 3 needs a blank between: five steps, one path
    value, gradient = value_and_gradient(CTCLoss(), ids, logits)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


def test_the_loss_of_a_head_survives_saving() -> None:
    for head in ("ctc", "positions"):
        loss = loss_of(head, 0.1)
        again = keras.losses.deserialize(keras.losses.serialize(loss))
        assert type(again) is type(loss)
    assert isinstance(loss_of("positions", 0.1), PositionsLoss)
