"""What happens at the end of an epoch: validation, remarks, the checkpoint, and the end for lack of improvement."""

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from captcha_core.errors import ModelError
from captcha_core.training.checkpoint import Checkpoint, Progress
from captcha_core.training.config import TrainingConfig
from captcha_core.training.diagnosis import diagnose_history
from captcha_core.training.schedule import Budget
from captcha_core.training.validation import Validation

Warn = Callable[[str], None]


class LossNotFinite(ModelError):
    """A training whose loss became infinite or not a number."""


class AveragedWeights:
    """Within the block the model has its moving average as weights, if its optimiser keeps one."""

    def __init__(self, model: keras.Model) -> None:
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
    """Validates with the averaged weights, saves the best, writes the checkpoint, and stops when nothing improves."""

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
        self.warn, self.reported = warn, set[str]()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Measure and save the epoch; ``logs`` gains the metrics for the callbacks behind this one.

        Raises:
            LossNotFinite: If the loss of the epoch is not finite.
        """
        logs = {} if logs is None else logs
        _require_finite(float(logs.get("loss", np.nan)), epoch)
        with AveragedWeights(self.model):
            self._validate(epoch, logs)
        progress = self.progress
        progress.epoch = epoch + 1
        progress.history.append({key: float(value) for key, value in logs.items()})
        self._report_remarks()
        since = max(progress.best_epoch, progress.budget_start_epoch - 1)  # an extension's patience counts anew
        if self.config.patience and epoch - since >= self.config.patience:
            self.model.stop_training = True
        progress.finished = bool(self.model.stop_training) or self.budget.used() >= 1.0
        progress.elapsed_s = self.budget.elapsed_s
        self.checkpoint.save(self.model, progress)

    def _validate(self, epoch: int, logs: dict[str, Any]) -> None:
        """Add the metrics of the validation set to the logs, and save the weights if they are the best."""
        metrics = self.validation.metrics(self.model)
        rate = keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)
        logs.update(metrics, learning_rate=float(rate), train_seconds=self.budget.elapsed_s)
        if self.progress.best_epoch < 0 or _better(metrics, self.progress.best):
            self.progress.best_epoch, self.progress.best = epoch, dict(metrics)
            self.checkpoint.save_best(self.model, epoch)

    def _report_remarks(self) -> None:
        """Report what looks wrong, each kind of remark once."""
        history, validation = self.progress.history, self.validation
        for remark in [*diagnose_history(validation.head, validation.spec, history), *validation.remarks]:
            if remark.kind not in self.reported:
                self.reported.add(remark.kind)
                self.warn(remark.text)


def _require_finite(loss: float, epoch: int) -> None:
    if not math.isfinite(loss):
        raise LossNotFinite(
            f"expected a finite loss, received {loss} in epoch {epoch + 1}; use a lower learning rate or look for "
            "broken samples."
        )


def _better(metrics: dict[str, float], best: dict[str, float]) -> bool:
    """Return whether metrics beat the best so far by exact match; at a tie the lower validation loss decides."""
    match, loss = "val_exact_match", "val_loss"
    return (metrics[match], -metrics[loss]) > (best[match], -best[loss])
