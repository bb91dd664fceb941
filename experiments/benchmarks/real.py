"""Real captchas: several splits of a labelled data set, and the curve over how many of its labels are used.

Budgets are numbers of steps, so that scores do not depend on what else the machine does.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np

from captcha_core.dataset.store import Dataset
from captcha_core.errors import DataError
from captcha_core.evaluation.metrics import exact_match
from captcha_core.features.batches import array_batches
from captcha_core.models.decode import read
from captcha_core.models.zoo import get_network
from captcha_core.native import start_keras
from captcha_core.progress.console import console
from captcha_core.sources.schemes import get_scheme
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.training.checkpoint import Checkpoint
from captcha_core.training.config import TrainingConfig
from captcha_core.training.fit import Task, train
from captcha_core.workflows.data import from_stream

TEST = 0.2
VALIDATION = 0.1
STEPS_AN_EPOCH = 100
RECIPE: dict[str, Any] = {"optimizer": "muon", "learning_rate": 0.005, "steps_per_epoch": STEPS_AN_EPOCH}


@dataclass(frozen=True)
class Labelled:
    """All labelled samples of a data set: features (N, ...) and texts."""

    spec: CaptchaSpec
    network: str
    x: np.ndarray
    texts: Sequence[str]

    def take(self, rows: np.ndarray) -> tuple[np.ndarray, list[str]]:
        return self.x[rows], [self.texts[row] for row in rows]


def run(
    data: str,
    network: str = "image_ctc",
    scheme: str = "nthu6",
    splits: int = 5,
    sizes: Sequence[int] = (50, 100, 200, 400, 700),
    curve_splits: int = 2,
    steps: int = 1_500,
    pretraining_steps: int = 3_000,
    batch_size: int = 32,
    augment: float = 0.5,
) -> dict[str, Any]:
    """Train and test on the data set in the folder ``data``.

    Args:
        data: A labelled data set (``captchalab import``).
        network: In the zoo.
        scheme: The look-alike that pre-training draws.
        splits: How often 70 % train, 10 % validate and 20 % test, each time others.
        sizes: Labels of the curve; a tenth of them validates.
        curve_splits: Repetitions of the curve, on the first of the splits.
        steps: Of each training.
        pretraining_steps: On the look-alike.
        batch_size: Of all.
        augment: Strength of the augmentation.

    Raises:
        DataError: If there are too few labelled samples for the largest size.
    """
    start_keras()
    labelled = _load(data, network)
    count = len(labelled.texts)
    if max(sizes, default=0) > count - round(TEST * count):
        raise DataError(
            f"expected at least {round(max(sizes) / (1 - TEST))} labelled samples, received {count}; use smaller sizes."
        )
    base = {**RECIPE, "epochs": steps // STEPS_AN_EPOCH, "batch_size": batch_size, "augment": augment}
    fit = partial(_fit, labelled, TrainingConfig.build(**base))
    whole = [fit(split, None) for split in range(splits)]
    pretrained = _pretrained(labelled, scheme, {**base, "epochs": pretraining_steps // STEPS_AN_EPOCH})
    alone = exact_match(labelled.texts, _guesses(labelled, pretrained, labelled.x))
    curve = []
    for size in sizes:
        for name, donor in (("from nothing", None), ("from the look-alike", pretrained)):
            scores = [fit(split, size, donor) for split in range(curve_splits)]
            curve.append({"labels": size, "start": name, "exact_match": mean(scores), "of_each_split": scores})
            console.print(f"{size} labels {name}: {mean(scores):.2%}")
    return {
        "suite": "real",
        "data": Path(data).name,
        "n": round(TEST * count),
        "splits": {"exact_match": mean(whole) if whole else None, "of_each_split": whole},
        "look_alike_alone": {"exact_match": alone.value, "n": alone.n},
        "curve": curve,
    }


def _load(data: str, network: str) -> Labelled:
    dataset = Dataset.open(Path(data))
    features = get_network(network).features(dataset.spec)
    samples = [one for split in dataset.counts for one in dataset.samples(split) if one.text is not None]
    x = np.stack([features.from_media(sample.media, dataset.spec) for sample in samples])
    return Labelled(dataset.spec, network, x, [dataset.spec.label(sample.text or "") for sample in samples])


def _fit(labelled: Labelled, config: TrainingConfig, split: int, size: int | None, donor: Any = None) -> float:
    """Train on a split, or on ``size`` labels of it, and return the exact match on its test samples."""
    order = np.random.default_rng(split).permutation(len(labelled.texts))
    test, rest = np.split(order, [round(TEST * len(order))])
    if size is None:
        validation, learnt = np.split(rest, [round(VALIDATION * len(order))])
    else:
        validation, learnt = np.split(rest[:size], [max(1, round(VALIDATION * size))])
    x, texts = labelled.take(learnt)
    features = get_network(labelled.network).features(labelled.spec)
    distort = features.augmentation(config.augment)
    batches = array_batches(x, texts, labelled.spec, config.batch_size, split, distort)
    config = config.model_copy(update={"seed": split})
    with tempfile.TemporaryDirectory() as folder:
        task = Task(labelled.spec, labelled.network, {}, config)
        model = train(task, batches, labelled.take(validation), Checkpoint(Path(folder)), start_from=donor).model
    x, texts = labelled.take(test)
    score = exact_match(texts, _guesses(labelled, model, x)).value
    console.print(f"split {split}, {len(learnt)} training samples: {score:.2%} of {len(test)}")
    return score


def _pretrained(labelled: Labelled, scheme: str, recipe: dict[str, Any]) -> Any:
    drawn = get_scheme(scheme)
    config = TrainingConfig.build(**recipe)
    training_data = from_stream(drawn, get_network(labelled.network).features(drawn.spec), config)
    with tempfile.TemporaryDirectory() as folder:
        task = Task(drawn.spec, labelled.network, {}, config)
        return train(task, training_data.batches, training_data.validation, Checkpoint(Path(folder))).model


def _guesses(labelled: Labelled, model: Any, x: np.ndarray) -> list[str]:
    logits = model.predict(x, batch_size=256, verbose=0)
    return read(get_network(labelled.network).head, logits, labelled.spec)
