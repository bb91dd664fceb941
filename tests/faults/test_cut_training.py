"""A training that is cut between its last epoch and its end: resumed, it is registered once and trains no more."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from captcha_core.registry import versions
from captcha_core.tracking.connect import client, experiment
from captcha_core.workflows import logged_training
from tests.commands.walk import IMPORT, enter, prepare, run, settings

RECIPE = settings("epochs=3 minutes=null steps_per_epoch=6 batch_size=16 learning_rate=0.01 options.filters=[8,16,16]")
TRAIN = ("train", "--data", "data/tiny", "--name", "captcha-cut", "--network", "image_cnn", *RECIPE)


class Killed(BaseException):
    """What nothing catches."""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(tmp_path_factory.mktemp("cut"), 200, 3)


@pytest.fixture
def there(filled: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    enter(filled, monkeypatch)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    yield filled


def die(*_: Any, **__: Any) -> None:
    raise Killed


@pytest.mark.parametrize("step", ["evaluated", "register", "after the version"])
def test_resumed_it_is_registered_once(there: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    with monkeypatch.context() as patch:
        if step == "after the version":
            patch.setattr("mlflow.MlflowClient.set_registered_model_alias", die)
        else:
            patch.setattr(logged_training, step, die)
        with pytest.raises(Killed):
            run(*TRAIN)
    (cut,) = client().search_runs([experiment()])
    assert cut.info.status == "FAILED"
    assert run("train", "--resume", cut.info.run_id) == 0
    (done,) = client().search_runs([experiment()])
    assert (done.info.run_id, done.info.status) == (cut.info.run_id, "FINISHED")
    assert [one.step for one in client().get_metric_history(cut.info.run_id, "loss")] == [0, 1, 2]
    (only,) = client().search_model_versions("name='captcha-cut'")
    assert versions.version_behind("captcha-cut", versions.CHALLENGER) == str(only.version)
    assert versions.locate(f"models:/captcha-cut/{only.version}").path.is_dir()


def test_it_does_not_go_on_with_other_samples(
    there: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(logged_training, "evaluated", die)
        with pytest.raises(Killed):
            run(*TRAIN)
    (cut,) = client().search_runs([experiment()])
    Path("data/tiny").rename("data/old")
    try:
        assert run(*IMPORT, "--split", "0.3/0.1/0.6") == 0
        assert run("train", "--resume", cut.info.run_id) == 1
        assert f"that {cut.info.run_id} learns from, received others" in capsys.readouterr().err
    finally:
        shutil.rmtree("data/tiny")
        Path("data/old").rename("data/tiny")
    plan = Path("runs") / cut.info.run_id / "plan.json"
    for damaged in (b"", b"{}", b"[1]", b"\xff"):
        plan.write_bytes(damaged)
        assert run("train", "--resume", cut.info.run_id) == 1
        assert f"expected the plan of a training in {plan}, received a damaged file" in capsys.readouterr().err
    assert run("train", "--resume", f"{cut.info.run_id}/") == 1
    assert "expected a run begun in this folder" in capsys.readouterr().err
