"""What happens while a network is fitted: rate and budget of each step; validation and checkpoint after each epoch."""

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from captcha_core.errors import ModelError
from captcha_core.evaluation.metrics import character_error_rate, exact_match
from captcha_core.models.decode import read
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.training.backend import attach_state
from captcha_core.training.checkpoint import Checkpoint, Progress
from captcha_core.training.config import TrainingConfig
from captcha_core.training.diagnosis import Remark, diagnose_answers, diagnose_history
from captcha_core.training.losses import loss_of

Warn = Callable[[str], None]
JAX_STEPS = 10  # between changes of the learning rate: each takes a millisecond or two


class LossNotFinite(ModelError):
    """A training whose loss became infinite or not a number."""


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
            used = (self.elapsed_s - self.progress.budget_start_s) / self.config.steered_s
        else:
            first = self.progress.budget_start_epoch * self.config.steps_per_epoch
            used = (self.step - first) / ((self.config.whole_epochs or 1) * self.config.steps_per_epoch)
        return min(1.0, max(0.0, used))

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        """Start the clock."""
        self.started = time.monotonic()

    def on_train_batch_begin(self, *_: Any, **__: Any) -> None:
        """Set the learning rate of the step, under JAX of the next ten."""
        if self.step % JAX_STEPS == 0:
            attach_state(self.model)
        self.model.optimizer.learning_rate = self.config.learning_rate * rate_factor(self.used(), self.config.warmup)
        self.step += 1

    def on_train_batch_end(self, *_: Any, **__: Any) -> None:
        """Stop when the minutes are used up."""
        if self.config.minutes is not None and self.used() >= 1.0:
            self.model.stop_training = True

    def on_epoch_end(self, *_: Any, **__: Any) -> None:
        """Note the time that the training has taken."""
        self.progress.elapsed_s = self.elapsed_s


class Validation:
    """Samples that training never sees, features (N, ...) and labels (N), with what is measured on them."""

    def __init__(self, head: str, spec: CaptchaSpec, x: np.ndarray, texts: Sequence[str]) -> None:
        self.head, self.spec, self.x = head, spec, x
        self.truth = [spec.charset.normalise(text) for text in texts]
        self.ids = spec.charset.encode(self.truth, spec.max_length)
        self.loss = loss_of(head, 0.0)
        self.remarks: list[Remark] = []

    def metrics(self, model: keras.Model) -> dict[str, float]:
        """Return loss, exact match and character error rate of a model, and leave remarks on its answers."""
        logits = model.predict(self.x, batch_size=256, verbose=0)
        guesses = read(self.head, logits, self.spec)
        whole = exact_match(self.truth, guesses).value
        self.remarks = diagnose_answers(self.head, self.spec, logits) if whole == 0 else []
        return {
            "val_loss": float(self.loss(self.ids, logits)),
            "val_exact_match": whole,
            "val_character_error_rate": character_error_rate(self.truth, guesses),
        }


class AveragedWeights:
    """Within the block the model has its moving average as weights, if its optimiser keeps one."""

    def __init__(self, model: keras.Model) -> None:
        averages = getattr(model.optimizer, "_model_variables_moving_average", None) or []
        self.pairs = [pair for pair in zip(model.trainable_variables, averages, strict=False) if pair[1] is not None]

    def __enter__(self) -> None:
        self.raw = [keras.ops.convert_to_numpy(variable).copy() for variable, _ in self.pairs]
        for variable, average in self.pairs:  # through NumPy: JAX would let both be one array, and give it away
            variable.assign(keras.ops.convert_to_numpy(average))

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
