"""The loss of each head. All are Keras 3 alone, so they run on any of its backends."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("captchalab")
class PositionsLoss(keras.losses.Loss):
    """Mean cross-entropy over the positions: ids (B, L) against logits (B, L, K + 1)."""

    def __init__(self, label_smoothing: float = 0.0, name: str = "positions", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.label_smoothing = label_smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each sample (B)."""
        losses = ops.sparse_categorical_crossentropy(ops.cast(y_true, "int32"), y_pred, from_logits=True)
        if self.label_smoothing:
            uniform = -ops.mean(ops.log_softmax(y_pred), axis=-1)
            losses = (1 - self.label_smoothing) * losses + self.label_smoothing * uniform
        return ops.mean(losses, axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Return what Keras needs to build it again."""
        return {**super().get_config(), "label_smoothing": self.label_smoothing}


@keras.saving.register_keras_serializable("captchalab")
class CTCLoss(keras.losses.CTC):
    """Connectionist temporal classification (Graves et al., 2006): ids (B, L) against logits (B, T, K + 1), blank 0.

    TensorFlow's older operation gives the same numbers as Keras' loop over the time steps in a sixth of its time on a
    CPU (T = 135, K = 36, B = 32).
    """

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each sample (B)."""
        if keras.backend.backend() != "tensorflow":
            return super().call(y_true, y_pred)
        import tensorflow as tf

        ids = tf.cast(y_true, tf.int32)
        spoken = ids > 0
        labels = tf.SparseTensor(tf.where(spoken), tf.boolean_mask(ids, spoken) - 1, tf.shape(ids, tf.int64))
        blank_last = tf.roll(tf.cast(y_pred, tf.float32), -1, axis=-1)
        steps = tf.fill(tf.shape(y_pred)[:1], tf.shape(y_pred)[1])
        return tf.compat.v1.nn.ctc_loss(labels, blank_last, steps, time_major=False)


def loss_of(head: str, label_smoothing: float) -> keras.losses.Loss:
    """Return the loss that trains a head."""
    return CTCLoss() if head == "ctc" else PositionsLoss(label_smoothing)
