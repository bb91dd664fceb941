"""A checkpoint is there after a kill at any point of its being replaced."""

import shutil
from pathlib import Path

import keras
import pytest

from captcha_core.training.checkpoint import Checkpoint, Progress


@pytest.fixture(scope="module")
def model() -> keras.Model:
    entry = keras.Input((2,))
    return keras.Model(entry, keras.layers.Dense(1)(entry))


def test_a_kill_between_the_two_renames_loses_no_epoch(model: keras.Model, tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path)
    checkpoint.save(model, Progress(epoch=3))
    (tmp_path / "last").rename(tmp_path / "last.old")
    (tmp_path / "last.new").mkdir()
    assert Checkpoint(tmp_path).exists
    assert Checkpoint(tmp_path).load_progress().epoch == 3


def test_a_kill_before_the_old_state_is_removed_does_not_stop_the_next_save(model: keras.Model, tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path)
    checkpoint.save(model, Progress(epoch=1))
    shutil.copytree(tmp_path / "last", tmp_path / "last.old")
    checkpoint.save(model, Progress(epoch=2))
    assert Checkpoint(tmp_path).load_progress().epoch == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["last"]


def test_what_a_kill_left_half_written_is_removed_when_the_training_goes_on(model: keras.Model, tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path)
    checkpoint.save(model, Progress(epoch=1))
    (tmp_path / "last.new").mkdir()
    (tmp_path / "best.new.keras").write_bytes(b"half")
    assert checkpoint.load_progress().epoch == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["last"]
