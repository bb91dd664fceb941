"""Readers for an audit that never saw the captcha they read: each is trained briefly on the other folds."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from captcha_core.audit.doubt import Reader, Reading
from captcha_core.dataset.split import KEYS, key_of
from captcha_core.errors import DataError
from captcha_core.features.batches import array_batches
from captcha_core.features.contract import Features
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample
from captcha_core.training.config import TrainingConfig, TrainingTask

NETWORK = {"image": "strip_ctc", "audio": "audio_ctc"}
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
    samples: Sequence[Sample], spec: CaptchaSpec, folds: Folds, advance: Callable[[int], None] = lambda _: None
) -> list[Reading | None]:
    """Return what a reader that never saw it makes of each labelled captcha, None for one that cannot be decoded.

    The readers begin as the builtin one where that knows all characters, and then keep its classes; equal files are in
    one fold. Nothing is chosen on the captchas that a reader is asked for.

    Raises:
        DataError: If there are too few captchas for so many folds.
    """
    task, donor = _task(spec, folds)
    x, usable = _features(samples, task)
    texts = [spec.charset.normalise(samples[place].text or "") for place in usable]
    keys = [key_of(samples[place].id, None, "content") for place in usable]
    fold_of = np.array([key * folds.count // KEYS for key in keys], dtype=np.int64)
    if min(np.bincount(fold_of, minlength=folds.count)) < 1 or len(usable) < STEERING * folds.count:
        raise DataError(
            f"expected at least {STEERING * folds.count} labelled captchas for {folds.count} folds, received "
            f"{len(usable)}; use fewer --folds, or --reader with a model."
        )
    reader = Reader(task.head, task.spec, spec)
    readings: list[Reading | None] = [None] * len(samples)
    for fold in range(folds.count):
        held = np.flatnonzero(fold_of == fold)
        logits = _trained(task, x, texts, np.flatnonzero(fold_of != fold), donor)(x[held])
        for row, one in zip(held.tolist(), logits, strict=True):
            readings[usable[row]] = reader.weigh(one, texts[row])
        advance(1)
    return readings


def _task(spec: CaptchaSpec, folds: Folds) -> tuple[TrainingTask, Path | None]:
    """Return what is trained, and the bundle whose weights it begins with."""
    from captcha_core.bundle.bundle import Bundle
    from captcha_core.registry.versions import locate

    budget = {"epochs": folds.epochs} if folds.epochs else {"minutes": folds.minutes}
    config = TrainingConfig.build(**RECIPE, **budget, seed=folds.seed)
    if spec.media == "audio":
        return TrainingTask(spec, NETWORK["audio"], {}, config), None
    bundle = Bundle.open(locate("builtin").path)
    known = Reader.knows(bundle.spec, spec) and spec.max_length <= bundle.spec.max_length
    mine = bundle.spec if known else spec
    return TrainingTask(mine, NETWORK["image"], {}, config), bundle.keras_path


def _features(samples: Sequence[Sample], task: TrainingTask) -> tuple[np.ndarray, list[int]]:
    """Return the features (N, ...) of all that has a label and can be decoded, and the places of these."""
    from captcha_core.models.zoo import get_network

    features: Features = get_network(task.network).features(task.spec)
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
    task: TrainingTask, x: np.ndarray, texts: Sequence[str], known: np.ndarray, donor: Path | None
) -> Callable[[np.ndarray], Iterator[np.ndarray]]:
    """Train on the known rows, and return what maps features to logits."""
    import keras

    from captcha_core.models.zoo import get_network
    from captcha_core.training.checkpoint import Checkpoint
    from captcha_core.training.fit import train

    steering, learnt = known[::STEERING], np.delete(known, np.s_[::STEERING])
    config, features = task.config, get_network(task.network).features(task.spec)
    batches = array_batches(
        x[learnt], [texts[row] for row in learnt], task.spec, config.batch_size, config.seed,
        features.augmentation(config.augment),
    )  # fmt: skip
    start = keras.saving.load_model(donor, compile=False, safe_mode=True) if donor else None
    with tempfile.TemporaryDirectory() as folder:
        validation = x[steering], [texts[row] for row in steering]
        model = train(task, batches, validation, Checkpoint(Path(folder)), start_from=start).model
    return lambda held: iter(model.predict(held, batch_size=256, verbose=0))
