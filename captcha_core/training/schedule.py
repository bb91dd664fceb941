"""The budget of a training and the learning rate that follows from it."""

import math
import time
from typing import Any

import keras

from captcha_core.training.checkpoint import Progress
from captcha_core.training.config import TrainingConfig


def rate_factor(used: float, warmup: float) -> float:
    """Return the learning rate's factor: linear warm-up over the share ``warmup``, then a cosine down to zero."""
    if used < warmup:
        return max(used, 1e-4) / warmup
    return max(1e-4, 0.5 * (1 + math.cos(math.pi * (used - warmup) / (1 - warmup))))


class Budget(keras.callbacks.Callback):
    """Sets the learning rate of each step from the share of the budget that is used, and stops at its end."""

    def __init__(self, config: TrainingConfig, progress: Progress) -> None:
        super().__init__()
        self.config, self.progress = config, progress
        self.resumed_at_s = progress.elapsed_s
        self.step = progress.epoch * config.steps_per_epoch
        self.started = 0.0

    @property
    def elapsed_s(self) -> float:
        """Seconds of training so far, over all runs of it."""
        return self.resumed_at_s + time.monotonic() - self.started

    def used(self) -> float:
        """Return the share of the budget that is used, 0 to 1."""
        if self.config.minutes is not None:
            used = (self.elapsed_s - self.progress.budget_start_s) / (60 * self.config.minutes)
        else:
            first = self.progress.budget_start_epoch * self.config.steps_per_epoch
            used = (self.step - first) / ((self.config.epochs or 1) * self.config.steps_per_epoch)
        return min(1.0, max(0.0, used))

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        """Start the clock."""
        self.started = time.monotonic()

    def on_train_batch_begin(self, *_: Any, **__: Any) -> None:
        """Set the learning rate of the step."""
        self.model.optimizer.learning_rate = self.config.learning_rate * rate_factor(self.used(), self.config.warmup)
        self.step += 1

    def on_train_batch_end(self, *_: Any, **__: Any) -> None:
        """Stop when the minutes are used up."""
        if self.config.minutes is not None and self.used() >= 1.0:
            self.model.stop_training = True

    def on_epoch_end(self, *_: Any, **__: Any) -> None:
        """Note the time that the training has taken."""
        self.progress.elapsed_s = self.elapsed_s
