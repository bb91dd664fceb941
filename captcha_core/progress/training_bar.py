"""The progress of a training on stderr."""

import time
from typing import Any

import keras
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from captcha_core.progress.console import console
from captcha_core.tracking.names import Metric
from captcha_core.training.config import TrainingConfig


class TrainingBar(keras.callbacks.Callback):
    """A bar over the budget, with the last validation beside it."""

    def __init__(self, config: TrainingConfig) -> None:
        super().__init__()
        self.config = config
        self.steps, self.started = 0, time.monotonic()
        self.bar = Progress(
            TextColumn("training"),
            BarColumn(),
            TextColumn("{task.description}"),
            TimeRemainingColumn(),
            console=console,
        )
        self.task = self.bar.add_task("starting", total=1.0)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.started = time.monotonic()
        self.bar.start()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self.steps += 1
        if self.steps % 20 == 0:
            self.bar.update(self.task, completed=self._used())

    def _used(self) -> float:
        if self.config.minutes is not None:
            return (time.monotonic() - self.started) / (60 * self.config.minutes)
        return self.steps / ((self.config.epochs or 1) * self.config.steps_per_epoch)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        logs = logs or {}
        read = f"{logs.get(Metric.VAL_EXACT_MATCH, 0.0):.1%}"
        self.bar.update(
            self.task, description=f"epoch {epoch + 1}  loss {logs.get('loss', 0.0):.3f}  exact match {read}"
        )

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self.bar.update(self.task, completed=1.0)
        self.bar.stop()

    def __deepcopy__(self, memo: dict[int, Any]) -> "TrainingBar":
        return self  # a live display has one owner
