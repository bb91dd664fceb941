"""An MLflow that holds two trained runs and a registered model, made once; and one that holds nothing."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st

from captcha_core.bundle.bundle import Bundle
from captcha_core.evaluation.report import Report
from captcha_core.registry.versions import register, set_champion
from captcha_core.solver import Solver
from captcha_core.spec.answer import Answer
from captcha_core.tracking.runs import start_run
from dashboard.tracking import data
from tests.conftest import tiny_samples
from tests.dashboard.pages import World

NAME = "captcha-tiny"


@pytest.fixture
def fresh(empty_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty working folder with an MLflow that holds nothing."""
    shutil.copy(empty_database, tmp_path / "mlflow.db")
    yield from _inside(tmp_path, monkeypatch)


@pytest.fixture(scope="session")
def filled(empty_database: Path, tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A folder in which two runs were trained (nearly): the second reads less, the first is champion."""
    folder = tmp_path_factory.mktemp("filled")
    shutil.copy(empty_database, folder / "mlflow.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder / 'mlflow.db'}")
        patch.delenv("MLFLOW_RUN_ID", raising=False)
        good = trained(folder, tiny_bundle, rate=0.01, seed=5, spoil=lambda answer, index: answer)
        bad = trained(folder, tiny_bundle, rate=0.002, seed=5, spoil=spoilt)
        set_champion(NAME, "1")
    return World(folder, (good, bad), NAME)


@pytest.fixture
def world(filled: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The filled folder, to be read from."""
    for _ in _inside(filled.folder, monkeypatch):
        yield filled


def _inside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder / 'mlflow.db'}")
    monkeypatch.delenv("MLFLOW_RUN_ID", raising=False)
    st.cache_data.clear()
    st.cache_resource.clear()
    data.forget()
    yield folder
    st.cache_data.clear()


def spoilt(answer: Answer, index: int) -> Answer:
    """Every fourth answer gets its last character wrong."""
    if index % 4:
        return answer
    wrong = "0" if answer.text[-1:] != "0" else "1"
    return Answer(answer.text[:-1] + wrong, 0.8, answer.characters, answer.elapsed_ms)


def trained(folder: Path, bundle: Path, rate: float, seed: int, spoil: Callable[[Answer, int], Answer]) -> str:
    """Log what a training logs, without training; return the run's id."""
    samples = tiny_samples(80, seed=seed)
    solver = Solver.load(str(bundle))
    answers = [spoil(solver.solve(sample.media), index) for index, sample in enumerate(samples)]
    report = Report(solver.spec, samples, answers)
    with start_run("tiny", {"captchalab.kind": "train", "captchalab.preset": "tiny"}) as run:
        run.params(
            {
                "preset": {"name": "tiny"},
                "network": {"name": "image_cnn"},
                "training": {"learning_rate": rate, "seed": 0},
            }
        )
        run.params({"data": {"name": "tiny", "digest": "d" * 64, "counts": {"train": 500}}})
        run.data("tiny", "d" * 64, str(folder / "data"), {"train": 500, "test": 80}, "training")
        for epoch, share in enumerate((0.2, 0.9, 0.7)):
            values = {"val_exact_match": share, "val_character_error_rate": (1 - share) / 2, "loss": 1 - share}
            run.metrics({**values, "val_loss": 1.1 - share, "learning_rate": rate}, step=epoch)
        run.metrics({"best_val_exact_match": 0.9})
        run.metrics({f"test_{key}": value for key, value in report.numbers.items()})
        run.metrics({"test_model_bytes": 30_000.0})
        report.write(folder / "report")
        run.folder(folder / "report", "report")
        register(run, Bundle.open(bundle), NAME)
    return run.id
