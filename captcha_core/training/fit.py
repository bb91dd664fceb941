"""Train a network. Knows nothing of MLflow: who wants to watch hands in callbacks."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from captcha_core.errors import ModelError
from captcha_core.features.batches import Batches
from captcha_core.models.transfer import Donor, take_over
from captcha_core.models.zoo import build_network
from captcha_core.training.backend import feed, keep_freed_memory, multiplying_in, scope
from captcha_core.training.callbacks import Budget, EpochEnd, Validation, Warn
from captcha_core.training.checkpoint import Checkpoint, Progress
from captcha_core.training.config import TrainingConfig, TrainingTask
from captcha_core.training.ending import finish, mix, numbers
from captcha_core.training.losses import loss_of

MIN_INPUT_CHANNELS = 8  # of a kernel that Muon steps


@dataclass(frozen=True)
class Trained:
    """A trained model with its best weights, and how it came about."""

    model: keras.Model
    progress: Progress


def train(
    task: TrainingTask,
    batches: Batches,
    validation: tuple[np.ndarray, Sequence[str]],
    checkpoint: Checkpoint,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    start_from: Donor | None = None,
    warn: Warn = lambda _: None,
    extend: bool = True,
    everything: Batches | None = None,
) -> Trained:
    """Train until the budget is used up, or go on from the checkpoint if there is one.

    Args:
        batches: Source of (features, ids) from any batch number on.
        validation: Features (N, ...) and texts that training never sees.
        callbacks: Keras callbacks that watch; they see the validation metrics in ``logs`` at the end of an epoch.
        start_from: A trained network of the same kind whose weights are taken over where their shapes agree, and of
            which some is kept (:mod:`captcha_core.training.ending`).
        warn: Told the likely cause when something looks wrong (:mod:`captcha_core.training.diagnosis`).
        extend: Whether a finished training gets a new budget; without, what it has left is returned.
        everything: Source of batches with the samples of the validation, too, for the recipe's last epochs; without it
            there are none.

    Raises:
        ModelError: If the loss is not finite, or the checkpoint is of another task.
        SpecError: If the network cannot serve the specification.
    """
    config = task.config if everything is not None else task.config.model_copy(update={"finish": 0})
    if checkpoint.exists:
        progress = checkpoint.load_progress()
        _check_same(task, progress)
        if progress.finished and not extend:
            return _ended(task, config, checkpoint, validation, everything)
        model = _fresh(task, resumed=checkpoint)
        if progress.finished:  # asked to go on: a new budget on top of what was done
            progress.budget_start_s, progress.budget_start_epoch = progress.elapsed_s, progress.epoch
            progress.finished = False
            checkpoint.save(model, progress)  # a kill in its first epoch must not take it for finished again
    else:
        progress = Progress(recipe=task.record())
        model = _fresh(task, start_from)
        if start_from is not None:
            checkpoint.save_start(model)
    budget = Budget(config, progress)
    unseen = Validation(task.head, task.spec, *validation)
    epoch_end = EpochEnd(config, progress, budget, checkpoint, unseen, warn)
    keep_freed_memory()
    epochs = progress.budget_start_epoch + (config.whole_epochs or 1_000_000)
    with multiplying_in(config.precision), feed(batches(progress.epoch * config.steps_per_epoch)) as fed:
        model.fit(
            fed,
            steps_per_epoch=config.steps_per_epoch,
            initial_epoch=progress.epoch,
            epochs=epochs,
            callbacks=[budget, epoch_end, *callbacks],
            shuffle=False,
            verbose=0,
        )
    return _ended(task, config, checkpoint, validation, everything)


def best_of(task: TrainingTask, checkpoint: Checkpoint) -> Trained:
    """Return the best that a training of a task has come to so far.

    Raises:
        ModelError: If the checkpoint cannot be read, or is of another task.
    """
    progress = checkpoint.load_progress()
    model = build_network(task.network, task.spec, task.options, task.features)
    checkpoint.restore_best(model, progress.best_epoch)
    return Trained(model, progress)


def _ended(
    task: TrainingTask,
    config: TrainingConfig,
    checkpoint: Checkpoint,
    validation: tuple[np.ndarray, Sequence[str]],
    everything: Batches | None,
) -> Trained:
    """Return the best of a training, after its last epochs if it has some that make it no worse.

    What began with a trained network goes part of the way back there if it reads as much.
    """
    trained, unseen = best_of(task, checkpoint), Validation(task.head, task.spec, *validation)
    progress, start = trained.progress, []
    if checkpoint.has_start:
        model = build_network(task.network, task.spec, task.options, task.features)
        checkpoint.restore_start(model)
        start = numbers(model)
        progress.best = mix(trained.model, start, unseen)
    if config.finish and everything is not None:
        last = _fresh(task)
        checkpoint.restore_best(last, progress.best_epoch)
        left_s = 60 * config.minutes - (progress.elapsed_s - progress.budget_start_s) if config.minutes else math.inf
        progress.elapsed_s += finish(last, config, everything, left_s)
        metrics = mix(last, start, unseen) if start else unseen.metrics(last)
        if metrics["val_exact_match"] >= progress.best["val_exact_match"]:
            return Trained(last, progress)
    return trained


def _fresh(task: TrainingTask, start_from: Donor | None = None, resumed: Checkpoint | None = None) -> keras.Model:
    config = task.config
    keras.utils.set_random_seed(config.seed)
    with scope():  # what is mirrored over devices can be given its numbers in here alone
        model = build_network(task.network, task.spec, task.options, task.features)
        if start_from is not None:
            take_over(model, task.spec, start_from)
        loss = loss_of(task.head, config.label_smoothing)
        model.compile(optimizer=optimizer_of(config), loss=loss, jit_compile=keras.backend.backend() == "jax")
        if resumed is not None:
            resumed.restore(model)
    return model


def optimizer_of(config: TrainingConfig) -> keras.optimizers.Optimizer:
    """Return the optimiser of a recipe, with a moving average of the weights if it asks for one."""
    average = {"use_ema": True, "ema_momentum": config.ema} if config.ema else {}
    if config.optimizer == "muon":
        # Adam's part (biases, the first kernel) takes the same rate; decay is for the matrices
        return ConvMuon(config.learning_rate, weight_decay=config.weight_decay, adam_weight_decay=0.0, **average)
    if config.optimizer == "adamw":
        return keras.optimizers.AdamW(config.learning_rate, weight_decay=config.weight_decay, **average)
    return keras.optimizers.Adam(config.learning_rate, **average)


def _check_same(task: TrainingTask, progress: Progress) -> None:
    mine, theirs = task.record(), progress.recipe
    different = [key for key in mine if mine[key] != theirs.get(key)]
    if different:
        raise ModelError(
            f"expected a checkpoint of the same {different[0]}, received {theirs.get(different[0])} in place of "
            f"{mine[different[0]]}; resume with the settings that it was begun with."
        )


@keras.saving.register_keras_serializable("captchalab")
class ConvMuon(keras.optimizers.Muon):  # type: ignore[misc, unused-ignore]
    """Muon (Jordan, 2024; Keras's own) extended to convolution kernels.

    Keras orthogonalises the updates of matrices only. Here a kernel (h, w, C, F) counts as the matrix (h * w * C, F),
    as its author's vision runs have it, and so does one along time, (k, C, F); kernels on fewer than eight input
    channels stay with Adam. The step size is scaled as Liu et al. (2025, arXiv 2502.16982) do, so one learning rate
    serves both kinds.
    """

    def _should_use_adamw(self, variable: Any) -> bool:
        if len(variable.shape) in (3, 4) and variable.shape[-2] >= MIN_INPUT_CHANNELS:
            return False
        return bool(super()._should_use_adamw(variable))

    def _muon_update_step(self, gradient: Any, variable: Any, lr: Any, m: Any) -> None:
        self.assign_add(m, ops.add(gradient, m * (self.momentum - 1)))
        ahead = ops.add(gradient, self.momentum * m) if self.nesterov else m
        matrix = ops.reshape(ahead, (-1, variable.shape[-1]))
        update = self.lr_adjust(self.zeropower_via_newtonschulz5(matrix, self.ns_steps))
        self.assign_sub(variable, lr * ops.reshape(update, variable.shape))
