"""Readers for an audit that never saw the captcha they read: each is trained briefly on the other folds."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from captcha_core.audit.doubt import Reader, Reading
from captcha_core.dataset.split import KEYS, key_of
from captcha_core.dataset.store import Dataset
from captcha_core.errors import DataError
from captcha_core.features.batches import array_batches
from captcha_core.spec.sample import Sample
from captcha_core.training.config import TrainingConfig, TrainingTask
from captcha_core.workflows.audio_start import start_on_clips
from captcha_core.workflows.start import start_on

if TYPE_CHECKING:
    import keras

Advance = Callable[[int], None]

NETWORK_OF_CLIPS = "audio_ctc"
STEERING = 10  # one of so many training captchas chooses the best epoch and is not learnt from
RECIPE: dict[str, Any] = {"batch_size": 32, "learning_rate": 0.005, "steps_per_epoch": 40, "augment": 0.5}


@dataclass(frozen=True)
class Folds:
    """How out-of-fold readers are made.

    Args:
        count: Folds; a reader each, which reads the captchas of its fold and learns from all others.
        minutes: Training of each; or
        epochs: of 40 batches each.
        seed: Of weights and order.
    """

    count: int = 3
    minutes: float | None = 2.0
    epochs: int | None = None
    seed: int = 0


def read_out_of_fold(
    dataset: Dataset, samples: Sequence[Sample], folds: Folds, advance: Advance
) -> list[Reading | None]:
    """Return what a reader that never saw it makes of each labelled captcha, None for one that cannot be decoded.

    Readers of pictures begin as trainings do, from the builtin one; equal files are in one fold. Nothing is chosen on
    the captchas that a reader is asked for.

    Args:
        dataset: Says what its captchas are.
        samples: All of it, with the labels to be weighed.
        folds: How the readers are made.
        advance: Told of each fold that is done.

    Raises:
        DataError: If there are too few captchas for so many folds.
    """
    task, start_from = _task(dataset, folds)
    x, usable = _features(samples, task)
    texts = [task.spec.charset.normalise(samples[place].text or "") for place in usable]
    keys = [key_of(samples[place].id, None, "content") for place in usable]
    fold_of = np.array([key * folds.count // KEYS for key in keys], dtype=np.int64)
    if min(np.bincount(fold_of, minlength=folds.count)) < 1 or len(usable) < STEERING * folds.count:
        raise DataError(
            f"expected at least {STEERING * folds.count} labelled captchas for {folds.count} folds, received "
            f"{len(usable)}; use fewer --folds, or --reader with a model."
        )
    reader = Reader(task.head, task.spec, task.spec)
    readings: list[Reading | None] = [None] * len(samples)
    for fold in range(folds.count):
        held = np.flatnonzero(fold_of == fold)
        model = _trained(task, x, texts, np.flatnonzero(fold_of != fold), start_from)
        for row, one in zip(held.tolist(), model.predict(x[held], batch_size=256, verbose=0), strict=True):
            readings[usable[row]] = reader.weigh(one, texts[row])
        advance(1)
    return readings


def _task(dataset: Dataset, folds: Folds) -> tuple[TrainingTask, str]:
    """Return what is trained, and the model that it begins with, if any."""
    budget = {"epochs": folds.epochs} if folds.epochs else {"minutes": folds.minutes}
    config = TrainingConfig.build(**RECIPE, **budget, seed=folds.seed)
    if dataset.spec.media == "audio":
        heard = start_on_clips(dataset)
        task = TrainingTask(dataset.spec, NETWORK_OF_CLIPS, heard.options, config, heard.features)
        return task, heard.start_from
    start = start_on(dataset)
    return TrainingTask(dataset.spec, start.network, start.options, config, start.features), start.start_from


def _features(samples: Sequence[Sample], task: TrainingTask) -> tuple[np.ndarray, list[int]]:
    """Return the features (N, ...) of all that has a label and can be decoded, and the places of these."""
    from captcha_core.models.zoo import features_of

    features = features_of(task.network, task.spec, task.features)
    rows, usable = [], []
    for place, sample in enumerate(samples):
        if sample.text is None:
            continue
        try:
            rows.append(features.from_media(sample.media, task.spec))
        except DataError:
            continue
        usable.append(place)
    return np.stack(rows) if rows else np.zeros((0, *features.shape), features.dtype), usable


def _trained(
    task: TrainingTask, x: np.ndarray, texts: Sequence[str], known: np.ndarray, start_from: str
) -> "keras.Model":
    """Return a model that has learnt from the known rows."""
    from captcha_core.models.zoo import features_of
    from captcha_core.training.checkpoint import Checkpoint
    from captcha_core.training.fit import train
    from captcha_core.workflows.logged_training import donor_of

    steering, learnt = known[::STEERING], np.delete(known, np.s_[::STEERING])
    augment = features_of(task.network, task.spec, task.features).augmentation(task.config.augment)
    mine = [texts[row] for row in learnt]
    batches = array_batches(x[learnt], mine, task.spec, task.config.batch_size, task.config.seed, augment)
    validation = x[steering], [texts[row] for row in steering]
    with tempfile.TemporaryDirectory() as folder:
        donor = donor_of(start_from) if start_from else None
        return train(task, batches, validation, Checkpoint(Path(folder)), start_from=donor).model
