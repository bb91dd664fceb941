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
        losses = ops.sparse_categorical_crossentropy(ops.cast(y_true, "int32"), y_pred, from_logits=True)
        if self.label_smoothing:
            uniform = -ops.mean(ops.log_softmax(y_pred), axis=-1)
            losses = (1 - self.label_smoothing) * losses + self.label_smoothing * uniform
        return ops.mean(losses, axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "label_smoothing": self.label_smoothing}


def loss_of(head: str, label_smoothing: float) -> keras.losses.Loss:
    """Return the loss that trains a head."""
    return keras.losses.CTC() if head == "ctc" else PositionsLoss(label_smoothing)
