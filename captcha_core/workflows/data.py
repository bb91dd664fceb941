"""What a training reads: batches, a validation set and a test set, from a live stream or a data set."""

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from captcha_core.dataset.generate import GenerationRequest, Source, write_drawn
from captcha_core.dataset.store import MANIFEST, Dataset
from captcha_core.errors import DataError
from captcha_core.features.batches import Batches, array_batches, stream_batches
from captcha_core.features.contract import Features
from captcha_core.features.letters import NoLetters
from captcha_core.progress import console, progress_bar
from captcha_core.sources.generate import draw_arrays
from captcha_core.sources.reference import is_drawable
from captcha_core.sources.scheme import Scheme
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample
from captcha_core.training.config import TrainingConfig
from captcha_core.training.diagnosis import Remark, diagnose_labels

VALIDATION_SEED = 2**31  # added to the seed, so that validation never meets the training stream
TEST_SEED = 2**33


@dataclass(frozen=True)
class TrainingData:
    """Everything that one training reads.

    Args:
        batches: Training batches from any position on.
        validation: Features (N, ...) and texts.
        name: Of the scheme or the data set.
        digest: Of the data set; for a stream, what determines it.
        counts: Samples per split.
        where: The folder or scheme.
        remarks: What looks wrong about it.
    """

    batches: Batches
    validation: tuple[np.ndarray, Sequence[str]]
    name: str
    digest: str
    counts: Mapping[str, int]
    where: str
    remarks: Sequence[Remark] = ()


T = TypeVar("T")
Cache = dict[Any, Any]  # what was read before, for trainings one after the other on the same data


def get_or_make(cache: Cache | None, key: Any, make: Callable[[], T]) -> T:
    """Return what the cache holds under a key; make it and put it there where there is nothing yet."""
    if cache is None:
        return make()
    if key not in cache:
        cache[key] = make()
    found: T = cache[key]
    return found


def from_stream(scheme: Scheme, features: Features, config: TrainingConfig, cache: Cache | None = None) -> TrainingData:
    """Fresh samples without end; no sample is seen twice."""

    def draw() -> tuple[np.ndarray, Sequence[str]]:
        arrays, texts = draw_arrays(scheme, config.seed + VALIDATION_SEED, range(config.validation_samples))
        return features.encode(arrays), texts

    key = (scheme.name, config.seed, config.validation_samples, features.model_dump_json())
    validation = get_or_make(cache, key, draw)
    batches = stream_batches(scheme, features, config.batch_size, config.seed, config.threads, config.oversample)
    counts = {"validation": config.validation_samples}
    digest = f"stream:{scheme.name}:{config.seed}"
    return TrainingData(batches, validation, scheme.name, digest, counts, f"scheme:{scheme.name}")


def from_dataset(
    dataset: Dataset, spec: CaptchaSpec, features: Features, config: TrainingConfig, cache: Cache | None = None
) -> TrainingData:
    """A data set's train split, in memory, shuffled and augmented; its validation split to steer by.

    Raises:
        DataError: If a split is empty or the data set is of another specification.
    """
    require_same_spec(dataset, spec)
    x, texts = loaded(dataset, "train", features, cache)
    validation = loaded(dataset, "validation", features, cache)
    batches = array_batches(x, texts, spec, config.batch_size, config.seed, features.augmentation(config.augment))
    where = str(Path(dataset.path).resolve())
    remarks = diagnose_labels(texts, validation[1])
    return TrainingData(batches, validation, Path(where).name, dataset.digest, dataset.counts, where, remarks)


def require_same_spec(dataset: Dataset, spec: CaptchaSpec) -> None:
    """Raises: DataError: If the data set describes other captchas than the model reads."""
    difference = dataset.spec.difference(spec)
    if difference:
        raise DataError(
            f"expected a data set of the model's specification, received {dataset.path} with {difference}; import or "
            "generate it for this model, or train a model for it."
        )


def test_dataset(scheme: Scheme, count: int, folder: Path) -> Dataset:
    """Return the data set in a folder with fresh samples that training never draws; the same bytes everywhere.

    Schemes of the captcha package are drawn its way, pixel for pixel and clip for clip, but from a seed, which the
    package does not take: so two people's figures are of the same samples.

    Raises:
        DataError: If the folder holds something else.
    """
    source: Source = "exact" if is_drawable(scheme) else "fast"
    request = GenerationRequest(scheme, count, seed=TEST_SEED, source=source, split=f"0/0/{count}")
    if (folder / MANIFEST).is_file() and Dataset.open(folder).manifest.source == "package":
        raise DataError(
            f"expected test captchas of {scheme.name} drawn from a seed in {folder}, received some of an earlier "
            "version that nobody can draw again; rename that folder, then they are drawn anew."
        )
    with progress_bar("drawing", count) as advance:
        return write_drawn(folder, request, workers=os.cpu_count() or 1, progress=advance)


def labelled(dataset: Dataset, split: str) -> list[Sample]:
    """Return the labelled samples of a split.

    Raises:
        DataError: If there are none.
    """
    require_labels(dataset, split)
    return [sample for sample in dataset.samples(split) if sample.text is not None]


def require_labels(dataset: Dataset, split: str) -> None:
    """Raises: DataError: If nothing in a split is labelled."""
    if all(text is None for text in dataset.texts(split)):
        raise DataError(
            f"expected labelled samples in the {split} split of {dataset.path}, received none; label or import more."
        )


def rows_digest(dataset: Dataset, *splits: str) -> str:
    """Return a digest of the samples of some splits and of their labels; no other split counts."""
    rows = [(split, *row) for split in splits for row in zip(dataset.ids(split), dataset.texts(split), strict=True)]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def loaded(
    dataset: Dataset, split: str, features: Features, cache: Cache | None = None
) -> tuple[np.ndarray, list[str]]:
    """Return features (N, ...) and texts of a split's labelled samples; what cannot be cut into letters stays empty.

    Raises:
        DataError: If there are none.
    """
    key = (str(dataset.path), split, features.model_dump_json())
    return get_or_make(cache, key, lambda: _read(dataset, split, features))


def _read(dataset: Dataset, split: str, features: Features) -> tuple[np.ndarray, list[str]]:
    samples = labelled(dataset, split)
    x = np.zeros((len(samples), *features.shape), dtype=features.dtype)
    uncut = 0
    for index, sample in enumerate(samples):
        try:
            x[index] = features.from_media(sample.media, dataset.spec)
        except NoLetters:  # empty squares: nothing is learnt from them, and they are not read
            uncut += 1
    if uncut:
        console.print(f"{split}: {uncut:,} of {len(samples):,} captchas could not be cut into letters")
    return x, [sample.text or "" for sample in samples]
