"""Tiny searches for tests."""

from pathlib import Path
from typing import Any

import pytest

from experiments.cli import main
from tests.conftest import tiny_samples

RECIPE = "epochs=1 minutes=null steps_per_epoch=6 batch_size=16 learning_rate=0.01 ema=0.9 validation_samples=60"
SPACE = ("width=8", "depth=3", "kernel=3", "batch_size=16", "augment=0.0", "dropout=0.0")
BASE = [
    *("tune", "--data", "data/tiny", "--network", "image_cnn", "--repeats", "0", "--bundles", "0"),
    *(word for pair in RECIPE.split() for word in ("--set", pair)),
    *(word for pair in SPACE for word in ("--space", pair)),
]


def command(*words: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(list(words))
    return int(stop.value.code or 0)


def tune(*words: str) -> int:
    """Run a search over a tiny network and return the exit code."""
    return command(*BASE, *words)


def draw(folder: Path, count: int = 200) -> None:
    """Put a tiny data set into ``data/tiny`` of the working directory."""
    (folder / "files").mkdir()
    for sample in tiny_samples(count, seed=3):
        (folder / "files" / sample.path).write_bytes(sample.media)
    assert command("import", "files", "--out", "data/tiny", "--label-from", "name-end", "--alphabet", "0123") == 0


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny data set, for all searches of a module."""
    folder = tmp_path_factory.mktemp("searches")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/mlflow.db")
        draw(folder)
    return folder


@pytest.fixture(autouse=True)
def there(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in that folder."""
    monkeypatch.chdir(place)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{place}/mlflow.db")
    monkeypatch.delenv("MLFLOW_RUN_ID", raising=False)
    return place


def parent_of(search: str) -> Any:
    from captcha_core.tracking.connect import EXPERIMENT, client

    place = client().get_experiment_by_name(EXPERIMENT).experiment_id
    (run,) = client().search_runs(
        [place], f"tags.`captchalab.kind` = 'search' and tags.`captchalab.search` = '{search}'"
    )
    return run


def trials_of(search: str) -> list[Any]:
    """The children of a search, by trial."""
    from captcha_core.tracking.connect import client

    parent = parent_of(search)
    wanted = f"tags.`captchalab.kind` = 'trial' and tags.`mlflow.parentRunId` = '{parent.info.run_id}'"
    runs = client().search_runs([parent.info.experiment_id], wanted)
    return sorted(runs, key=lambda run: run.data.tags["captchalab.trial"])


def states(search: str) -> list[str]:
    return [run.info.status for run in trials_of(search)]
