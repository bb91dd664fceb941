"""How fast networks learn: ours beside the classics, the same minutes, stream and held-out images.

Every network learns from the same seeded stream for the same time, alone on the machine, and is scored on images that
the `captcha` package drew. The classics keep the optimiser, rate and batch that their authors published.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from captcha_core.evaluation.metrics import character_error_rate, exact_match
from captcha_core.features.batches import encode
from captcha_core.models.decode import read
from captcha_core.models.zoo import get_network
from captcha_core.sources.reference import draw_reference
from captcha_core.sources.scheme import Scheme
from captcha_core.sources.schemes import get_scheme
from captcha_core.spec.sample import Sample
from captcha_core.training.checkpoint import Checkpoint
from captcha_core.training.config import TrainingConfig
from captcha_core.training.fit import Task, train
from experiments.learner import start
from experiments.material import from_stream

OURS = {"learning_rate": 0.005, "batch_size": 64, "optimizer": "muon"}
RECIPES: dict[str, dict[str, Any]] = {
    "image_ctc": OURS,
    "image_cnn": OURS,
    "conv3_dense1024": {"optimizer": "adam", "learning_rate": 1e-3, "batch_size": 64, "ema": 0.0},
    "conv5x5_dense2048": {"optimizer": "adam", "learning_rate": 1e-5, "batch_size": 64, "ema": 0.0},
    "crnn": {"optimizer": "adam", "learning_rate": 1e-3, "batch_size": 16, "ema": 0.0},
    "conv10_batchnorm": {"optimizer": "adam", "learning_rate": 1e-3, "batch_size": 4, "ema": 0.0},
}
SAMPLES_AN_EPOCH = {"image_ctc": 12_800, "image_cnn": 12_800}
SLOW_SAMPLES_AN_EPOCH = 1_280


def run(
    schemes: Sequence[str] = ("digits4",),
    networks: Sequence[str] = tuple(RECIPES),
    minutes: float = 5.0,
    held_out: int = 10_000,
) -> dict[str, Any]:
    """Train each network on each scheme for ``minutes`` and score it on ``held_out`` images of the package."""
    start()
    rows = []
    for name in schemes:
        scheme = get_scheme(name)
        samples = draw_reference(scheme, held_out)
        rows += [_one(scheme, network, minutes, samples) for network in networks]
    return {"suite": "training", "rows": rows}


def _one(scheme: Scheme, network: str, minutes: float, samples: Sequence[Sample]) -> dict[str, Any]:
    recipe = RECIPES[network]
    a_step = recipe["batch_size"]
    steps = SAMPLES_AN_EPOCH.get(network, SLOW_SAMPLES_AN_EPOCH) // a_step
    config = TrainingConfig.build(minutes=minutes, steps_per_epoch=steps, **recipe)
    task = Task(scheme.spec, network, {}, config)
    features = get_network(network).features(scheme.spec)
    material = from_stream(scheme, features, config)
    with tempfile.TemporaryDirectory() as folder:
        trained = train(task, material.batches, material.validation, Checkpoint(Path(folder)))
    x = encode([features.from_media(sample.media, scheme.spec) for sample in samples], features)
    guesses = read(task.head, trained.model.predict(x, batch_size=256, verbose=0), scheme.spec)
    truth = [scheme.spec.label(sample.text or "") for sample in samples]
    return {
        "scheme": scheme.name,
        "network": network,
        "parameters": trained.model.count_params(),
        "minutes": minutes,
        **_scores(truth, guesses),
        "images_per_s": _rate(trained.progress.history, config),
        "curve": [(row["train_seconds"], row["val_exact_match"]) for row in trained.progress.history],
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
