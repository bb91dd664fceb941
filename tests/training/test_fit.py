"""Training on tiny captchas: it learns, it resumes to the same end, and it says what is wrong."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from captcha_core.errors import ModelError, SpecError
from captcha_core.features.batches import Batch, array_batches
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.training import callbacks
from captcha_core.training.checkpoint import Checkpoint
from captcha_core.training.config import TrainingConfig, TrainingTask
from captcha_core.training.diagnosis import Remark
from captcha_core.training.fit import Trained, train
from tests.conftest import tiny_pixels

RECIPE = {"steps_per_epoch": 20, "batch_size": 16, "learning_rate": 0.01, "ema": 0.9}


def arrays(count: int, seed: int) -> tuple[np.ndarray, list[str]]:
    rng = np.random.default_rng(seed)
    texts = ["".join(rng.choice(list("0123"), 2)) for _ in range(count)]
    return np.stack([tiny_pixels(text, rng) for text in texts]), texts


def fit(spec: CaptchaSpec, folder: Path, further: tuple = (), **recipe: object) -> Trained:
    config = TrainingConfig.build(**{**RECIPE, **recipe})
    task = TrainingTask(spec, "image_cnn", {"filters": [8, 16, 16]}, config)
    batches = array_batches(*arrays(400, 1), spec, config.batch_size, config.seed)
    return train(task, batches, arrays(100, 2), Checkpoint(folder), further)


def test_it_learns(tiny_spec: CaptchaSpec, tmp_path: Path) -> None:
    progress = fit(tiny_spec, tmp_path, epochs=6).progress
    assert progress.best["val_exact_match"] > 0.9
    assert progress.epoch == len(progress.history) == 6
    assert progress.finished


@pytest.mark.parametrize("optimizer", ["muon", "adamw", "adam"])
def test_every_optimiser_lowers_the_loss(tiny_spec: CaptchaSpec, tmp_path: Path, optimizer: str) -> None:
    history = fit(tiny_spec, tmp_path, epochs=3, optimizer=optimizer, ema=0.0).progress.history
    assert history[-1]["loss"] < history[0]["loss"]


class Die(keras.callbacks.Callback):
    """Ends a training in the middle of an epoch, as a kill would."""

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        if self.model.optimizer.iterations >= 50:
            raise KeyboardInterrupt


@pytest.mark.parametrize("optimizer", ["muon", "adamw", "adam"])
def test_a_killed_training_ends_where_the_uninterrupted_one_does(
    tiny_spec: CaptchaSpec, tmp_path: Path, optimizer: str
) -> None:
    whole = fit(tiny_spec, tmp_path / "whole", epochs=4, optimizer=optimizer)
    with pytest.raises(KeyboardInterrupt):
        fit(tiny_spec, tmp_path / "killed", (Die(),), epochs=4, optimizer=optimizer)
    assert Checkpoint(tmp_path / "killed").load_progress().epoch == 2
    resumed = fit(tiny_spec, tmp_path / "killed", epochs=4, optimizer=optimizer)
    assert resumed.progress.epoch == 4
    for mine, theirs in zip(resumed.progress.history, whole.progress.history, strict=True):
        assert mine["loss"] == pytest.approx(theirs["loss"], rel=1e-6)
        assert mine["val_exact_match"] == theirs["val_exact_match"]


def test_a_finished_training_is_extended(tiny_spec: CaptchaSpec, tmp_path: Path) -> None:
    fit(tiny_spec, tmp_path, epochs=2)
    assert fit(tiny_spec, tmp_path, epochs=3).progress.epoch == 5


def test_an_extension_that_is_killed_at_once_is_not_taken_for_finished(tiny_spec: CaptchaSpec, tmp_path: Path) -> None:
    fit(tiny_spec, tmp_path, epochs=1, steps_per_epoch=50)
    with pytest.raises(KeyboardInterrupt):
        fit(tiny_spec, tmp_path, (Die(),), epochs=1, steps_per_epoch=50)
    progress = Checkpoint(tmp_path).load_progress()
    assert (progress.epoch, progress.finished) == (1, False)
    assert fit(tiny_spec, tmp_path, epochs=1, steps_per_epoch=50).progress.epoch == 2, "as long as was asked for"


def test_the_budget_in_minutes_is_kept(tiny_spec: CaptchaSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = itertools.count(0, 0.02)  # a clock that knows nothing of how busy the machine is
    monkeypatch.setattr(callbacks, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    progress = fit(tiny_spec, tmp_path, minutes=0.05, steps_per_epoch=5).progress
    assert progress.finished
    assert progress.elapsed_s == pytest.approx(3, abs=0.3)
    assert progress.history[-1]["learning_rate"] < 0.3 * RECIPE["learning_rate"]


def test_patience_stops_what_no_longer_improves(tiny_spec: CaptchaSpec, tmp_path: Path) -> None:
    progress = fit(tiny_spec, tmp_path, epochs=30, patience=2, learning_rate=1e-9, ema=0.0, steps_per_epoch=2).progress
    assert progress.epoch < 30


def test_patience_counts_anew_when_a_training_is_extended(tiny_spec: CaptchaSpec, tmp_path: Path) -> None:
    still = {"patience": 3, "learning_rate": 1e-9, "ema": 0.0, "steps_per_epoch": 2}
    first = fit(tiny_spec, tmp_path, epochs=30, **still).progress
    assert first.epoch - 1 - first.best_epoch == 3, "it was stopped by its patience"
    assert fit(tiny_spec, tmp_path, epochs=2, **still).progress.epoch == first.epoch + 2


def test_a_checkpoint_of_another_network_is_refused(tiny_spec: CaptchaSpec, tmp_path: Path) -> None:
    fit(tiny_spec, tmp_path, epochs=1)
    wider = tiny_spec.model_copy(update={"alphabet": "01234"})
    with pytest.raises(ModelError, match="expected a checkpoint of the same spec"):
        fit(wider, tmp_path, epochs=2)


def test_a_loss_that_is_not_finite_ends_the_training(tiny_spec: CaptchaSpec, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="expected a finite loss, received nan"):
        fit(tiny_spec, tmp_path, epochs=1, learning_rate=1e30, optimizer="adam")


def test_each_kind_of_remark_is_reported_once(
    tiny_spec: CaptchaSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = itertools.count(1)

    def diagnose(*_: object) -> list[Remark]:
        return [
            Remark("overfitting", f"The loss is {next(numbers) / 1000} in training."),
            Remark("guesses", "It guesses."),
        ]

    monkeypatch.setattr(callbacks, "diagnose_history", diagnose)
    reported: list[str] = []
    config = TrainingConfig.build(**RECIPE, epochs=4)
    task = TrainingTask(tiny_spec, "image_cnn", {"filters": [8, 16, 16]}, config)
    batches = array_batches(*arrays(100, 1), tiny_spec, config.batch_size, config.seed)
    train(task, batches, arrays(20, 2), Checkpoint(tmp_path), warn=reported.append)
    assert reported == ["The loss is 0.001 in training.", "It guesses."]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "received neither minutes nor epochs nor samples"),
        ({"epochs": 1, "learning_rat": 1}, "received 'learning_rat'"),
        ({"epochs": 0}, "received 0 for epochs"),
        ({"minutes": -1}, "received -1 for minutes"),
        ({"epochs": 1, "batch_size": "many"}, "for batch_size"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused(fields: dict, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        TrainingConfig.build(**fields)


def test_batches_at_a_position_are_those_of_the_uninterrupted_stream(tiny_spec: CaptchaSpec) -> None:
    batches = array_batches(*arrays(50, 1), tiny_spec, batch_size=16, seed=3)

    def taken(source: Iterator[Batch], count: int) -> list[Batch]:
        return [next(source) for _ in range(count)]

    whole, later = taken(batches(0), 12), taken(batches(7), 5)
    for (x, ids), (other_x, other_ids) in zip(whole[7:], later, strict=True):
        assert (x == other_x).all()
        assert (ids == other_ids).all()


def test_a_pass_shows_every_sample_once(tiny_spec: CaptchaSpec) -> None:
    x = np.arange(48, dtype=np.uint8).reshape(48, 1, 1, 1)
    source = array_batches(x, ["00"] * 48, tiny_spec, batch_size=16, seed=0)(0)
    seen = np.concatenate([next(source)[0].ravel() for _ in range(3)])
    assert sorted(seen) == list(range(48))
