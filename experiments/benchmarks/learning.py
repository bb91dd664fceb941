"""One training from a live stream, outside MLflow, scored on held-out samples."""

import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np

from captcha_core.evaluation.metrics import character_error_rate, exact_match
from captcha_core.features.contract import Features
from captcha_core.models.decode import read
from captcha_core.models.zoo import get_network
from captcha_core.progress.console import console
from captcha_core.sources.scheme import Scheme
from captcha_core.spec.sample import Sample
from captcha_core.tracking.names import Metric
from captcha_core.training.checkpoint import Checkpoint
from captcha_core.training.config import TrainingConfig
from captcha_core.training.fit import Task, train
from captcha_core.workflows.data import from_stream


def learn(
    scheme: Scheme,
    network: str,
    options: dict[str, Any],
    config: TrainingConfig,
    held_out: Sequence[Sample],
    others: Mapping[str, Sequence[Sample]] | None = None,
) -> dict[str, Any]:
    """Train a network on a scheme's stream; return its size, its scores, its samples a second and its curve.

    Args:
        scheme: What it learns from.
        network: In the zoo, with its ``options``.
        config: The recipe.
        held_out: What its scores are of.
        others: More samples by name; each gives scores of that name.
    """
    task = Task(scheme.spec, network, options, config)
    features = get_network(network).features(scheme.spec)
    training_data = from_stream(scheme, features, config)
    with tempfile.TemporaryDirectory() as folder:
        trained = train(task, training_data.batches, training_data.validation, Checkpoint(Path(folder)))
    score = partial(_scores, trained.model, task, features)
    scores = score(held_out)
    console.print(f"{scheme.name} {network}: {scores['exact_match']:.2%} of {scores['n']:,}")
    history = trained.progress.history
    return {
        "parameters": trained.model.count_params(),
        **scores,
        **{name: score(samples) for name, samples in (others or {}).items()},
        "samples": len(history) * config.steps_per_epoch * config.batch_size,
        "samples_per_s": _rate(history, config),
        "curve": [(row[Metric.TRAIN_SECONDS], row[Metric.VAL_EXACT_MATCH]) for row in history],
    }


def _scores(model: keras.Model, task: Task, features: Features, samples: Sequence[Sample]) -> dict[str, float]:
    x = np.stack([features.from_media(sample.media, task.spec) for sample in samples])
    guesses = read(task.head, model.predict(x, batch_size=256, verbose=0), task.spec)
    truth = [task.spec.label(sample.text or "") for sample in samples]
    whole = exact_match(truth, guesses)
    low, high = whole.interval
    return {
        "exact_match": whole.value,
        "low": low,
        "high": high,
        "n": whole.n,
        "character_error_rate": character_error_rate(truth, guesses),
    }


def _rate(history: Sequence[dict[str, float]], config: TrainingConfig) -> float:
    """Samples per second over the whole epochs, the first (which compiles) and validation included."""
    return len(history) * config.steps_per_epoch * config.batch_size / history[-1][Metric.TRAIN_SECONDS]
