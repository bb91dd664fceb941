"""A checkpoint is there after a kill at any point of its being replaced."""

import io
import shutil
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest

from captcha_core.errors import ModelError
from captcha_core.training.checkpoint import Checkpoint, Progress


def built(width: int = 1) -> keras.Model:
    entry = keras.Input((2,))
    model = keras.Model(entry, keras.layers.Dense(width)(keras.layers.Dropout(0.5)(entry)))
    model.compile(keras.optimizers.Adam(0.1, use_ema=True), "mse")
    return model


@pytest.fixture(scope="module")
def model() -> keras.Model:
    model = built()
    model.fit(np.ones((8, 2)), np.ones((8, 1)), verbose=0)
    return model


def numbers(model: keras.Model) -> list[np.ndarray]:
    return [np.array(variable) for variable in (*model.variables, *model.optimizer.variables)]


def test_what_is_restored_is_what_was_saved(model: keras.Model, tmp_path: Path) -> None:
    checkpoint, last, best = Checkpoint(tmp_path), built(), built()
    checkpoint.save(model, Progress(epoch=1))
    checkpoint.save_best(model, 0)
    checkpoint.restore(last)
    checkpoint.restore_best(best, 0)
    assert all((mine == theirs).all() for mine, theirs in zip(numbers(last), numbers(model), strict=True))
    assert (best.predict(np.ones((3, 2)), verbose=0) == model.predict(np.ones((3, 2)), verbose=0)).all()


def directory_with(place: int, value: int) -> Callable[[bytes], bytes]:
    """Return what sets a byte of the zip archive's directory: 6 version, 8 flags, 10 method of the first member."""

    def change(whole: bytes) -> bytes:
        at = whole.index(b"PK\x01\x02") + place
        return whole[:at] + bytes([value]) + whole[at + 1 :]

    return change


def one_array(whole: bytes) -> bytes:
    file = io.BytesIO()
    np.save(file, np.ones(3))
    return file.getvalue()


DAMAGES = {
    "empty": lambda whole: b"",
    "cut": lambda whole: whole[:300],
    "something else": lambda whole: b"PK" + 99 * b"x",
    "of a later version": directory_with(6, 99),
    "encrypted": directory_with(8, 1),
    "patched": directory_with(8, 32),
    "packed in an unknown way": directory_with(10, 97),
    "one array": one_array,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_checkpoint_is_said_in_a_sentence(model: keras.Model, tmp_path: Path, damage: Callable) -> None:
    checkpoint = Checkpoint(tmp_path)
    checkpoint.save_best(model, 0)
    (file,) = tmp_path.iterdir()
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(ModelError, match="expected a whole checkpoint"):
        checkpoint.restore_best(built(), 0)


def test_a_checkpoint_of_another_width_is_refused(model: keras.Model, tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path)
    checkpoint.save_best(model, 0)
    with pytest.raises(ModelError, match="expected the 3 variables"):
        checkpoint.restore_best(built(width=2), 0)


def test_a_kill_before_an_epoch_is_noted_leaves_the_best_of_those_that_are(model: keras.Model, tmp_path: Path) -> None:
    checkpoint, better = Checkpoint(tmp_path), built()
    checkpoint.save_best(model, 1)
    checkpoint.save(model, Progress(epoch=2, best_epoch=1))
    checkpoint.save_best(better, 2)  # killed here: after a resume the third epoch may end elsewhere, and not be better
    best = built()
    checkpoint.restore_best(best, Checkpoint(tmp_path).load_progress().best_epoch)
    assert all((mine == theirs).all() for mine, theirs in zip(best.get_weights(), model.get_weights(), strict=True))
    checkpoint.save(model, Progress(epoch=3, best_epoch=1))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best-1.npz", "last"]


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
    (tmp_path / "best.new.npz").write_bytes(b"half")
    assert checkpoint.load_progress().epoch == 1
    assert len(list(tmp_path.iterdir())) == 3, "a look changes nothing: another process may be training"
    checkpoint.restore(model)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["last"]
