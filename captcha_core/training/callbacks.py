"""What happens around the steps of a training: budget and learning rate, validation, checkpoints."""

import math
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from captcha_core.errors import ModelError
from captcha_core.training.checkpoint import Checkpoint, Progress
from captcha_core.training.config import TrainingConfig
from captcha_core.training.diagnosis import diagnose_history
from captcha_core.training.validation import Validation

Warn = Callable[[str], None]


class LossNotFinite(ModelError):
    """A training whose numbers ran away."""


class Budget(keras.callbacks.Callback):
    """Sets the learning rate of each step from the share of the budget that is used, and stops at its end."""

    def __init__(self, config: TrainingConfig, progress: Progress) -> None:
        super().__init__()
        self.config, self.progress = config, progress
        self.resumed_at_s = progress.elapsed_s
        self.step = progress.epoch * config.steps_per_epoch
        self.started = 0.0
        self.out_of_time = False

    @property
    def elapsed_s(self) -> float:
        return self.resumed_at_s + time.monotonic() - self.started

    def used(self) -> float:
        """Share of the budget that is used, 0 to 1."""
        if self.config.minutes is not None:
            used = (self.elapsed_s - self.progress.budget_start_s) / (60 * self.config.minutes)
        else:
            first = self.progress.budget_start_epoch * self.config.steps_per_epoch
            used = (self.step - first) / ((self.config.epochs or 1) * self.config.steps_per_epoch)
        return min(1.0, max(0.0, used))

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.started = time.monotonic()

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        used = self.used()
        self.model.optimizer.learning_rate = self.config.learning_rate * rate_factor(used, self.config.warmup)
        self.step += 1

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        if self.config.minutes is not None and self.used() >= 1.0:
            self.out_of_time = self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.progress.elapsed_s = self.elapsed_s


def rate_factor(used: float, warmup: float) -> float:
    """Return the learning rate's factor: linear warm-up over the share ``warmup``, then a cosine down to zero."""
    if used < warmup:
        return max(used, 1e-4) / warmup
    return max(1e-4, 0.5 * (1 + math.cos(math.pi * (used - warmup) / (1 - warmup))))


class AveragedWeights:
    """Within the block the model has its moving average as weights, if its optimiser keeps one."""

    def __init__(self, model: keras.Model) -> None:
        self.model = model
        averages = getattr(model.optimizer, "_model_variables_moving_average", None) or []
        self.pairs = [pair for pair in zip(model.trainable_variables, averages, strict=False) if pair[1] is not None]

    def __enter__(self) -> None:
        self.raw = [keras.ops.convert_to_numpy(variable).copy() for variable, _ in self.pairs]
        for variable, average in self.pairs:
            variable.assign(average)

    def __exit__(self, *_: object) -> None:
        for (variable, _average), raw in zip(self.pairs, self.raw, strict=True):
            variable.assign(raw)


class EpochEnd(keras.callbacks.Callback):
    """Validates with the averaged weights, keeps the best, writes the checkpoint, and stops when nothing improves."""

    def __init__(
        self,
        config: TrainingConfig,
        progress: Progress,
        budget: Budget,
        checkpoint: Checkpoint,
        validation: Validation,
        warn: Warn,
    ) -> None:
        super().__init__()
        self.config, self.progress, self.budget = config, progress, budget
        self.checkpoint, self.validation = checkpoint, validation
        self.warn, self.said = warn, set[str]()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        logs = {} if logs is None else logs
        loss = float(logs.get("loss", np.nan))
        if not math.isfinite(loss):
            raise LossNotFinite(
                f"expected a finite loss, received {loss} in epoch {epoch + 1}; use a lower learning rate or look for "
                "broken samples."
            )
        with AveragedWeights(self.model):
            metrics = self.validation.metrics(self.model)
            rate = keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)
            logs.update(metrics, learning_rate=float(rate))
            logs["train_seconds"] = self.budget.elapsed_s
            progress = self.progress
            if progress.best_epoch < 0 or _better(metrics, progress.best):
                progress.best_epoch, progress.best = epoch, dict(metrics)
                self.checkpoint.save_best(self.model, epoch)
        progress.epoch = epoch + 1
        progress.history.append({key: float(value) for key, value in logs.items()})
        self._remark()
        since = max(progress.best_epoch, progress.budget_start_epoch - 1)  # an extension has its patience to itself
        if self.config.patience and epoch - since >= self.config.patience:
            self.model.stop_training = True
        progress.finished = bool(self.model.stop_training) or self.budget.used() >= 1.0
        progress.elapsed_s = self.budget.elapsed_s
        self.checkpoint.save(self.model, progress)

    def _remark(self) -> None:
        """Say what looks wrong, each kind of thing once."""
        history, validation = self.progress.history, self.validation
        for remark in [*diagnose_history(validation.head, validation.spec, history), *validation.remarks]:
            kind = remark[:20]
            if kind not in self.said:
                self.said.add(kind)
                self.warn(remark)


def _better(mine: dict[str, float], theirs: dict[str, float]) -> bool:
    """Exact match decides; at a tie the loss of the validation set."""
    key = ("val_exact_match", "val_loss")
    return (mine[key[0]], -mine[key[1]]) > (theirs[key[0]], -theirs[key[1]])
