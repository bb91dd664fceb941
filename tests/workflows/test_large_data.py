"""A train split that is too large for memory is read from its shards; a small one from arrays, as before."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from captcha_core.dataset.in_memory import write_samples
from captcha_core.dataset.store import Dataset
from captcha_core.features.image import ImageFeatures
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.training.config import TrainingConfig
from captcha_core.workflows import data
from tests.conftest import tiny_samples


@pytest.fixture
def dataset(tmp_path: Path, tiny_spec: CaptchaSpec) -> Dataset:
    return write_samples(tmp_path / "tiny", tiny_spec, tiny_samples(60), "test", "40/20/0")


def test_a_large_train_split_is_not_loaded(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    features, config = ImageFeatures.of(dataset.spec), TrainingConfig(epochs=1, batch_size=10)
    small = data.from_dataset(dataset, dataset.spec, features, config, {})
    monkeypatch.setattr(data, "MOST_ARRAY_BYTES", 1000)
    monkeypatch.setattr(data, "array_batches", None)
    cache: data.Cache = {}
    large = data.from_dataset(dataset, dataset.spec, features, config, cache)
    assert not any("train" in key for key in cache)
    assert (large.source, large.remarks) == (small.source, small.remarks)
    passes = [np.concatenate([x for x, _ in islice(one.batches(0), 4)]) for one in (small, large)]
    rows = [sorted(row.tobytes() for row in x) for x in passes]
    assert rows[0] == rows[1]


def test_validation_is_by_a_number_that_an_epoch_can_bear(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    features, config = ImageFeatures.of(dataset.spec), TrainingConfig(epochs=1, batch_size=10)
    monkeypatch.setattr(data, "MOST_VALIDATION", 7)
    x, texts = data.from_dataset(dataset, dataset.spec, features, config, {}).validation
    assert len(x) == len(texts) == 7
    kept = {sample.text for sample in dataset.samples("validation")}
    assert set(texts) <= kept


@pytest.mark.parametrize(("finish", "meets_all"), [(0, False), (5, False), (6, True)])
def test_last_epochs_are_for_sets_of_which_they_meet_each_sample(
    dataset: Dataset, finish: int, meets_all: bool
) -> None:
    features = ImageFeatures.of(dataset.spec)
    config = TrainingConfig(epochs=1, batch_size=10, steps_per_epoch=1, finish=finish)
    everything = data.from_dataset(dataset, dataset.spec, features, config, {}).everything
    assert (everything is not None) == meets_all
    if everything is not None:
        met = np.concatenate([x for x, _ in islice(everything(0), 6)])
        assert len({row.tobytes() for row in met}) == 60
