"""Keras epochs to MLflow metrics, and what a few captchas are read as so far to a file."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from captcha_core.errors import CaptchaError
from captcha_core.models.decode import read
from captcha_core.models.zoo import get_network
from captcha_core.tracking.names import Metric
from captcha_core.tracking.outbox import LaterRun
from captcha_core.tracking.readings import SHOWN, Reading, as_picture, write_readings
from captcha_core.tracking.runs import Run
from captcha_core.training.callbacks import AveragedWeights
from captcha_core.training.config import TrainingTask


class LogEpochs(keras.callbacks.Callback):
    """Logs what each epoch ends with, its number as the step, and as ``epochs_done`` how many there were."""

    def __init__(self, run: Run | LaterRun) -> None:
        super().__init__()
        self.run = run

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Log the epoch."""
        numbers = {key: float(value) for key, value in (logs or {}).items()}
        self.run.metrics({**numbers, Metric.EPOCHS_DONE: epoch + 1.0}, step=epoch)


class WriteReadings(keras.callbacks.Callback):
    """Writes what some validation samples are read as after each epoch, for whoever watches the training."""

    def __init__(self, run_id: str, task: TrainingTask, x: np.ndarray, texts: Sequence[str]) -> None:
        super().__init__()
        self.run_id, self.task = run_id, task
        self.x, self.texts = x[:SHOWN], list(texts[:SHOWN])
        features = get_network(task.network).features(task.spec)
        self.pictures = [as_picture(features, levels) for levels in self.x]

    def on_epoch_end(self, epoch: int, *_: Any, **__: Any) -> None:
        """Read them; a disk that does not take the file is no reason to stop."""
        with AveragedWeights(self.model):
            logits = self.model.predict(self.x, verbose=0)
        answers = read(self.task.head, logits, self.task.spec)
        rows = [Reading(*row) for row in zip(self.texts, answers, self.pictures, strict=True)]
        try:
            write_readings(self.run_id, epoch + 1, rows)
        except (CaptchaError, OSError):
            return
