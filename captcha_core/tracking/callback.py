"""Keras epochs to MLflow metrics."""

from typing import Any

import keras

from captcha_core.tracking.names import Metric
from captcha_core.tracking.outbox import LaterRun
from captcha_core.tracking.runs import Run


class LogEpochs(keras.callbacks.Callback):
    """Logs what each epoch ends with, its number as the step, and as ``epochs_done`` how many there were."""

    def __init__(self, run: Run | LaterRun) -> None:
        super().__init__()
        self.run = run

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Log the epoch."""
        numbers = {key: float(value) for key, value in (logs or {}).items()}
        self.run.metrics({**numbers, Metric.EPOCHS_DONE: epoch + 1.0}, step=epoch)
