"""Batches from shards: every sample once in a pass, the same from one seed, from any batch on, little in memory."""

from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from captcha_core.dataset.in_memory import write_samples
from captcha_core.dataset.shuffled import ShuffledSplit
from captcha_core.dataset.store import Dataset
from captcha_core.dataset.writer import write_dataset
from captcha_core.errors import DataError
from captcha_core.features.batches import Batch, bytes_of, shard_batches
from captcha_core.features.image import ImageFeatures
from captcha_core.spec.captcha import CaptchaSpec
from tests.conftest import tiny_samples

SHARD, COUNT, BATCH = 20, 100, 12


@pytest.fixture
def dataset(tmp_path: Path, tiny_spec: CaptchaSpec) -> Dataset:
    """100 captchas in five shards; every tenth has no label."""
    samples = [replace(one, text=None) if n % 10 == 9 else one for n, one in enumerate(tiny_samples(COUNT))]
    plan = write_samples(tmp_path / "one", tiny_spec, samples, "test", f"{COUNT}/0/0").manifest
    fields = {**plan.model_dump(include=set(type(plan).__mro__[1].model_fields)), "shard_size": SHARD}
    again = type(plan).__mro__[1].model_validate(fields)
    return write_dataset(tmp_path / "many", again, lambda indices: [samples[index] for index in indices])


def first(dataset: Dataset, number: int, start: int = 0, seed: int = 7, rows: int = 2 * SHARD) -> list[Batch]:
    features = ImageFeatures.of(dataset.spec)
    batches = shard_batches(dataset, "train", features, BATCH, seed, window_bytes=rows * bytes_of(features))
    return list(islice(batches(start), number))


def test_a_pass_gives_every_labelled_sample_once(dataset: Dataset) -> None:
    assert len(dataset.shards("train")) == 5
    labelled = COUNT * 9 // 10
    batches = first(dataset, -(-labelled // BATCH))
    x = np.concatenate([x for x, _ in batches])[:labelled]
    ids = np.concatenate([ids for _, ids in batches])[:labelled]
    features = ImageFeatures.of(dataset.spec)
    stored = {
        features.from_media(one.media, dataset.spec).tobytes(): one.text for one in dataset.samples("train") if one.text
    }
    assert len(stored) == labelled
    assert {row.tobytes(): dataset.spec.charset.decode(label) for row, label in zip(x, ids, strict=True)} == stored


def test_a_resumed_training_sees_what_the_other_would_have_seen(dataset: Dataset) -> None:
    whole = first(dataset, 40)
    for start in (0, 1, 7, 8, 23):  # the first pass ends within batch 7
        for (x, ids), (again, labels) in zip(whole[start:], first(dataset, 40 - start, start), strict=True):
            assert np.array_equal(x, again) and np.array_equal(ids, labels)


def test_passes_and_seeds_have_orders_of_their_own(dataset: Dataset) -> None:
    batches = first(dataset, 16)
    assert not np.array_equal(batches[0][0], batches[15][0])
    assert not np.array_equal(batches[0][0], first(dataset, 1, seed=8)[0][0])


def test_a_window_mixes_shards_and_is_no_larger_than_asked_for(dataset: Dataset) -> None:
    split = ShuffledSplit(dataset, "train", 7, 2 * SHARD)
    windows = list(islice(split.windows(0), 6))
    assert [len(window.shards) for window in windows] == [2, 2, 1, 2, 2, 1]
    assert all(len(window.order) <= 2 * SHARD for window in windows)
    assert any(np.ptp(window.order[:5]) > SHARD // 2 for window in windows)
    assert [len(one.shards) for one in islice(ShuffledSplit(dataset, "train", 7, 1).windows(0), 3)] == [1, 1, 1]


def test_augmentation_goes_by_the_number_of_the_batch(dataset: Dataset) -> None:
    features = ImageFeatures.of(dataset.spec)
    augment = features.augmentation(1.0)
    one, two = (
        next(islice(shard_batches(dataset, "train", features, BATCH, 7, augment)(start), 3 - start, None))[0]
        for start in (0, 2)
    )
    assert np.array_equal(one, two)


def test_a_split_without_labels_is_refused_at_once(dataset: Dataset) -> None:
    with pytest.raises(DataError, match="expected labelled samples in the validation split"):
        shard_batches(dataset, "validation", ImageFeatures.of(dataset.spec), BATCH, 7)


def test_a_damaged_shard_ends_it_with_a_sentence(dataset: Dataset) -> None:
    features = ImageFeatures.of(dataset.spec)
    batches = shard_batches(dataset, "train", features, BATCH, 7)
    path = dataset.path / dataset.shards("train")[2]
    path.write_bytes(bytes(path.stat().st_size))
    with pytest.raises(DataError, match="expected a whole Parquet shard"):
        list(islice(batches(0), 10))
