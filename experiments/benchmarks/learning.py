"""One training from a live stream, outside MLflow, scored on held-out samples."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from captcha_core.evaluation.metrics import character_error_rate, exact_match
from captcha_core.features.batches import encode
from captcha_core.models.decode import read
from captcha_core.models.zoo import get_network
from captcha_core.sources.scheme import Scheme
from captcha_core.spec.sample import Sample
from captcha_core.training.checkpoint import Checkpoint
from captcha_core.training.config import TrainingConfig
from captcha_core.training.fit import Task, train
from experiments.console import console
from experiments.material import from_stream


def learn(
    scheme: Scheme, network: str, options: dict[str, Any], config: TrainingConfig, held_out: Sequence[Sample]
) -> dict[str, Any]:
    """Train a network on a scheme's stream; return its size, its scores, its images a second and its curve."""
    task = Task(scheme.spec, network, options, config)
    features = get_network(network).features(scheme.spec)
    material = from_stream(scheme, features, config)
    with tempfile.TemporaryDirectory() as folder:
        trained = train(task, material.batches, material.validation, Checkpoint(Path(folder)))
    x = encode([features.from_media(sample.media, scheme.spec) for sample in held_out], features)
    guesses = read(task.head, trained.model.predict(x, batch_size=256, verbose=0), scheme.spec)
    truth = [scheme.spec.label(sample.text or "") for sample in held_out]
    history = trained.progress.history
    scores = _scores(truth, guesses)
    console.print(f"{scheme.name} {network}: {scores['exact_match']:.2%} of {scores['n']:,}")
    return {
        "parameters": trained.model.count_params(),
        **scores,
        "images": len(history) * config.steps_per_epoch * config.batch_size,
        "images_per_s": _rate(history, config),
        "curve": [(row["train_seconds"], row["val_exact_match"]) for row in history],
    }


def _scores(truth: Sequence[str], guesses: Sequence[str]) -> dict[str, float]:
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
    """Images per second over the whole epochs, the first (which compiles) and validation included."""
    return len(history) * config.steps_per_epoch * config.batch_size / history[-1]["train_seconds"]
