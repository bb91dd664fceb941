"""Real captchas as their owners have them: a default training from few labels and from all, beside random weights.

Pictures and clips.

Three splits of 60 % to learn from, 20 % to steer by and 20 % that are only read at the end. Of ``size`` labels a fifth
steers. Case is folded where the data set says so.
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np

from captcha_core.dataset.import_files import write_import
from captcha_core.dataset.store import MANIFEST, Dataset
from captcha_core.errors import DataError
from captcha_core.evaluation.metrics import Proportion, exact_match
from captcha_core.features.batches import array_batches
from captcha_core.models.decode import read
from captcha_core.models.transfer import Donor
from captcha_core.models.zoo import features_of, get_network
from captcha_core.native import start_keras
from captcha_core.progress import console
from captcha_core.registry.versions import BUILTIN_AUDIO
from captcha_core.sources.folders import list_labelled
from captcha_core.sources.import_spec import SpecOverrides, spec_of
from captcha_core.sources.import_survey import fit, survey
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample
from captcha_core.training.checkpoint import Checkpoint
from captcha_core.training.config import TrainingConfig, TrainingTask
from captcha_core.training.fit import train
from captcha_core.workflows import audio_start
from captcha_core.workflows.letter_case import ignores_case
from captcha_core.workflows.logged_training import donor_of
from captcha_core.workflows.plan import DEFAULT_NETWORK, DEFAULT_TRAINING, NO_START
from captcha_core.workflows.start import start_on_samples

TEST, STEERING = 0.2, 0.2
STARTS = ("builtin", NO_START)


def run(
    data: str | Sequence[str],
    sizes: Sequence[int] = (25, 100, 0),
    splits: int = 3,
    minutes: float = 5.0,
    epochs: int = 0,
    starts: Sequence[str] = STARTS,
) -> dict[str, Any]:
    """Train and test on the data sets, or folders of labelled pictures, ``data``.

    Args:
        sizes: Labels to learn from and to steer by together; 0 for all but the test samples.
        splits: How often, each time with other samples.
        minutes: Budget of each training; or
        epochs: budget in epochs, which does not depend on what else the machine does.
        starts: ``builtin``: what ``train --data`` does; ``none``: the same data from random weights.

    Raises:
        DataError: If there are too few labelled samples for the largest size.
    """
    start_keras()
    budget = {"epochs": epochs, "minutes": None} if epochs else {"minutes": minutes}
    sets = [Labelled.read(Path(folder)) for folder in ([data] if isinstance(data, str) else data)]
    rows = [one.row(size, start, splits, budget) for one in sets for size in sizes for start in starts]
    return {"suite": "real", "budget": budget, "rows": rows}


def table(result: dict[str, Any]) -> str:
    """Return the rows as a Markdown table."""
    lines = ["| set | labels | start | exact match | splits | n | seconds |", "|---|---|---|---|---|---|---|"]
    for row in result["rows"]:
        each = ", ".join(f"{share:.1%}" for share in row["of_each_split"])
        lines.append(
            f"| {row['data']} | {row['labels']} | {row['start']} | {row['exact_match']:.1%} | {each} | {row['n']} "
            f"| {row['seconds']:.0f} |"
        )
    return "\n".join(lines)


def score_of(
    task: TrainingTask, donor: Donor | None, learnt: Sequence[Sample], steering: Sequence[Sample],
    tested: Sequence[Sample],
) -> Proportion:  # fmt: skip
    """Train on some samples, from a donor's weights or from random ones, and read others."""
    spec, config = task.spec, task.config
    features = features_of(task.network, spec, task.features)

    def encoded(samples: Sequence[Sample]) -> tuple[np.ndarray, list[str]]:
        x = np.stack([features.from_media(one.media, spec) for one in samples])
        return x, [spec.label(one.text or "") for one in samples]

    distort = features.augmentation(config.augment)
    batches, everything = (
        array_batches(*encoded(part), spec, config.batch_size, config.seed, distort)
        for part in (learnt, [*learnt, *steering])
    )
    with tempfile.TemporaryDirectory() as folder:
        trained = train(
            task, batches, encoded(steering), Checkpoint(Path(folder)), start_from=donor,
            everything=everything if len(learnt) + len(steering) <= config.last_samples else None,
        )  # fmt: skip
    x, truth = encoded(tested)
    logits = trained.model.predict(x, batch_size=256, verbose=0)
    return exact_match(truth, read(get_network(task.network).head, logits, spec))


@dataclass(frozen=True)
class Labelled:
    """All labelled samples of a data set."""

    name: str
    spec: CaptchaSpec
    samples: Sequence[Sample]

    @classmethod
    def read(cls, place: Path) -> "Labelled":
        """Read a data set, or import a folder as ``captchalab import`` does without an option."""
        if (place / MANIFEST).is_file():
            return cls.of(place.name, Dataset.open(place))
        listing = list_labelled(place)
        seen = survey(listing)
        spec = spec_of(seen, SpecOverrides())
        if ignores_case(listing, spec):
            seen = survey(listing, case_sensitive=False)
            spec = spec_of(seen, SpecOverrides(case_sensitive=False))
        fit(seen, spec)
        with tempfile.TemporaryDirectory() as folder:
            return cls.of(place.name, write_import(Path(folder) / "data", listing, seen, spec, split="1/0/0"))

    @classmethod
    def of(cls, name: str, dataset: Dataset) -> "Labelled":
        """Take the labelled samples of all splits."""
        samples = [one for split in dataset.counts for one in dataset.samples(split) if one.text is not None]
        return cls(name, dataset.spec, samples)

    def row(self, size: int, start: str, splits: int, budget: dict[str, Any]) -> dict[str, Any]:
        """Train on each split and return the figures."""
        began = time.perf_counter()
        shares = []
        for split in range(splits):
            shares.append(self.score(split, size, start, budget))
            console.print(f"{self.name}, {size or 'all'} labels, start {start}, split {split}: {shares[-1]}")
        seconds = (time.perf_counter() - began) / splits
        return {
            "data": self.name, "labels": size or "all", "start": start, "exact_match": mean(s.value for s in shares),
            "of_each_split": [share.value for share in shares], "n": shares[0].n, "seconds": seconds,
        }  # fmt: skip

    def score(self, split: int, size: int, start: str, budget: dict[str, Any]) -> Proportion:
        """Train on a split, or on ``size`` labels of it, and read its test samples."""
        learnt, steering, tested = self._parts(split, size)
        task, donor = self._task(learnt, start, {**budget, "seed": split})
        return score_of(task, donor_of(donor) if donor else None, learnt, steering, tested)

    def _parts(self, split: int, size: int) -> Iterator[list[Sample]]:
        order = np.random.default_rng(split).permutation(len(self.samples))
        test, rest = np.split(order, [round(TEST * len(order))])
        if size > len(rest):
            raise DataError(
                f"expected at least {round(size / (1 - TEST))} labelled samples in {self.name} for {size} labels, "
                f"received {len(order)}; use smaller sizes."
            )
        rest = rest[: size or len(rest)]
        aside = max(1, round(STEERING * (len(rest) if size else len(order))))
        return ([self.samples[index] for index in part] for part in (rest[aside:], rest[:aside], test))

    def _task(self, learnt: Sequence[Sample], start: str, budget: dict[str, Any]) -> tuple[TrainingTask, str]:
        """Return what is trained, as ``train --data`` would, and the model it starts from."""
        if self.spec.media == "audio":
            heard = audio_start.start_on_samples(learnt, self.spec, "" if start == NO_START else BUILTIN_AUDIO)
            config = TrainingConfig.build(**{**heard.training, **budget})
            task = TrainingTask(self.spec, DEFAULT_NETWORK["audio"], heard.options, config, heard.features)
            return task, heard.start_from
        if start == NO_START:
            config = TrainingConfig.build(**{**DEFAULT_TRAINING, **budget})
            return TrainingTask(self.spec, DEFAULT_NETWORK[self.spec.media], {}, config), ""
        begun = start_on_samples(learnt, self.spec)
        config = TrainingConfig.build(**{**begun.training, **budget})
        return TrainingTask(self.spec, begun.network, begun.options, config, begun.features), begun.start_from
