"""SIGKILL at random moments: what was done stays done, once. ``captchalab benchmark reliability`` kills more often."""

from pathlib import Path

import pytest

from captcha_core.bundle.bundle import Bundle
from captcha_core.registry.versions import register
from captcha_core.solver import Solver
from captcha_core.tracking.runs import start_run
from experiments.faults.imports import killed_import
from experiments.faults.labels import killed_labels
from experiments.faults.promotions import killed_promotion
from experiments.faults.servers import killed_server
from experiments.faults.trainings import killed_training
from tests.commands.walk import enter
from tests.conftest import tiny_samples

NAME = "captcha-tiny"


@pytest.fixture
def registered(tmp_path: Path, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two versions of a model."""
    enter(tmp_path, monkeypatch)
    for _ in range(2):
        with start_run("made") as run:
            register(run, Bundle.open(tiny_bundle), NAME)
    return tmp_path


def test_labels(tmp_path: Path) -> None:
    found = killed_labels(tmp_path, kills=2, seed=1, count=40)
    assert (found["kills"], found["kills_of_the_data_set"], found["labels"]) == (2, 2, 40)


def test_imports(tmp_path: Path) -> None:
    assert killed_import(tmp_path, kills=2, seed=1, count=300)["same_digest"] is True


def test_promotions(registered: Path) -> None:
    found = killed_promotion(registered, NAME, ["1", "2"], kills=2, seed=1)
    assert found["kills"] == 2 and found["promotions"] >= 3
    assert found["looks_without_exactly_one"] == 0 < found["looks_at_the_champion"]


@pytest.mark.long
def test_servers(registered: Path, tiny_bundle: Path) -> None:
    (sample,) = tiny_samples(1, seed=5)
    text = Solver.load(str(tiny_bundle)).solve(sample.media).text
    found = killed_server(registered, f"models:/{NAME}@challenger", sample.media, text, kills=2, seed=1)
    assert found["kills"] == 2 and found["answers"] > 0


@pytest.mark.long
def test_trainings(tmp_path: Path) -> None:
    found = killed_training(tmp_path, kills=4, seed=1)
    assert found["kills"] == 4 and found["trainings_finished"] >= 2
    assert found["runs_open_after_repair"] == 0
