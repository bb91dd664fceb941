"""Walking through the commands as a user does: run one, and stand in a folder in which some were run."""

from pathlib import Path

import pytest

from experiments.cli import main
from tests.conftest import tiny_samples

IMPORT = ("import", "files", "--out", "data/tiny", "--label-from", "name-end", "--alphabet", "0123")


def run(*arguments: str) -> int:
    """Run a command and return its exit code."""
    with pytest.raises(SystemExit) as stop:
        main(list(arguments))
    return int(stop.value.code or 0)


def settings(pairs: str) -> list[str]:
    """Return KEY=VALUE pairs as the words that a command wants."""
    return [word for pair in pairs.split() for word in ("--set", pair)]


def enter(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with an MLflow of its own from here on."""
    patch.chdir(folder)
    patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/mlflow.db")
    patch.delenv("MLFLOW_RUN_ID", raising=False)
    return folder


def prepare(folder: Path, count: int, seed: int, *commands: list[str]) -> Path:
    """Fill a folder with tiny captchas, import them as data/tiny, and run further commands there."""
    (folder / "files").mkdir()
    for sample in tiny_samples(count, seed=seed):
        (folder / "files" / sample.path).write_bytes(sample.media)
    with pytest.MonkeyPatch.context() as patch:
        enter(folder, patch)
        for command in (list(IMPORT), *commands):
            assert run(*command) == 0, command
    return folder
