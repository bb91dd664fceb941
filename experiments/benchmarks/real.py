"""Real captchas: several splits of a labelled data set, and the curve over how many of its labels are used.

Budgets are numbers of steps, so that scores do not depend on what else the machine does.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import keras
import numpy as np

from captcha_core.dataset.store import Dataset
from captcha_core.errors import DataError
from captcha_core.evaluation.metrics import Proportion, exact_match
from captcha_core.features.batches import Batches, array_batches
from captcha_core.models.decode import read
from captcha_core.models.transfer import Donor
from captcha_core.models.zoo import get_network
from captcha_core.native import start_keras
from captcha_core.progress import console
from captcha_core.sources.schemes import get_scheme
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.training.checkpoint import Checkpoint
from captcha_core.training.config import TrainingConfig, TrainingTask
from captcha_core.training.fit import train
from captcha_core.workflows.data import from_stream

TEST, VALIDATION = 0.2, 0.1
STEPS_AN_EPOCH = 100


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
        scheme: The look-alike that pre-training draws.
        splits: How often 70 % train, 10 % validate and 20 % test, each time others.
        sizes: Labels of the curve; a tenth of them validates.
        curve_splits: Repetitions of the curve, on the first of the splits.

    Raises:
        DataError: If there are too few labelled samples for the largest size.
    """
    start_keras()
    recipe = {"learning_rate": 0.005, "batch_size": batch_size, "augment": augment}
    labelled = Labelled.read(data, network, recipe)
    count = len(labelled.texts)
    if max(sizes, default=0) > count - round(TEST * count):
        raise DataError(
            f"expected at least {round(max(sizes) / (1 - TEST))} labelled samples, received {count}; use smaller sizes."
        )
    whole = [labelled.score(split, steps) for split in range(splits)]
    pretrained = labelled.pretrained(scheme, pretraining_steps)
    curve = []
    for size in sizes:
        for name, donor in (("from nothing", None), ("from the look-alike", pretrained)):
            scores = [labelled.score(split, steps, size, donor) for split in range(curve_splits)]
            curve.append({"labels": size, "start": name, "exact_match": mean(scores), "of_each_split": scores})
    return {
        "suite": "real",
        "data": Path(data).name,
        "n": round(TEST * count),
        "splits": {"exact_match": mean(whole) if whole else None, "of_each_split": whole},
        "look_alike_alone": labelled.read_by(pretrained.model, np.arange(count)).as_dict(),
        "curve": curve,
    }


@dataclass(frozen=True)
class Labelled:
    """All labelled samples of a data set, features (N, ...) and texts, and how a network learns from some of them."""

    spec: CaptchaSpec
    network: str
    recipe: dict[str, Any]
    x: np.ndarray
    texts: Sequence[str]

    @classmethod
    def read(cls, data: str, network: str, recipe: dict[str, Any]) -> "Labelled":
        """Read a data set."""
        dataset = Dataset.open(Path(data))
        features = get_network(network).features(dataset.spec)
        samples = [one for split in dataset.counts for one in dataset.samples(split) if one.text is not None]
        x = np.stack([features.from_media(sample.media, dataset.spec) for sample in samples])
        return cls(dataset.spec, network, recipe, x, [dataset.spec.label(sample.text or "") for sample in samples])

    def score(self, split: int, steps: int, size: int | None = None, donor: Donor | None = None) -> float:
        """Train on a split, or on ``size`` labels of it, and return the exact match on its test samples."""
        order = np.random.default_rng(split).permutation(len(self.texts))
        test, rest = np.split(order, [round(TEST * len(order))])
        aside = round(VALIDATION * len(order)) if size is None else max(1, round(VALIDATION * size))
        validation, learnt = np.split(rest[:size], [aside])
        config, (x, texts) = self._config(steps, split), self._take(learnt)
        distort = get_network(self.network).features(self.spec).augmentation(config.augment)
        batches = array_batches(x, texts, self.spec, config.batch_size, split, distort)
        model = self._fit(config, self.spec, batches, self._take(validation), donor)
        score = self.read_by(model, test).value
        console.print(f"split {split}, {len(learnt)} training samples: {score:.2%} of {len(test)}")
        return score

    def pretrained(self, scheme: str, steps: int) -> Donor:
        """Train on the stream of a look-alike."""
        drawn, config = get_scheme(scheme), self._config(steps, 0)
        stream = from_stream(drawn, get_network(self.network).features(drawn.spec), config, {})
        return Donor(self._fit(config, drawn.spec, stream.batches, stream.validation), drawn.spec)

    def read_by(self, model: keras.Model, rows: np.ndarray) -> Proportion:
        """Return how many of the rows a network reads right."""
        x, texts = self._take(rows)
        logits = model.predict(x, batch_size=256, verbose=0)
        return exact_match(texts, read(get_network(self.network).head, logits, self.spec))

    def _take(self, rows: np.ndarray) -> tuple[np.ndarray, list[str]]:
        return self.x[rows], [self.texts[row] for row in rows]

    def _config(self, steps: int, seed: int) -> TrainingConfig:
        budget = {"epochs": steps // STEPS_AN_EPOCH, "steps_per_epoch": STEPS_AN_EPOCH, "seed": seed}
        return TrainingConfig.build(**self.recipe, **budget)

    def _fit(
        self,
        config: TrainingConfig,
        spec: CaptchaSpec,
        batches: Batches,
        validation: tuple[np.ndarray, Sequence[str]],
        donor: Donor | None = None,
    ) -> keras.Model:
        task = TrainingTask(spec, self.network, {}, config)
        with tempfile.TemporaryDirectory() as folder:
            return train(task, batches, validation, Checkpoint(Path(folder)), start_from=donor).model
