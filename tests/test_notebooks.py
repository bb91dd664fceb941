"""The notebooks: each is a pair of a script and a notebook, and runs in minutes."""

import json
import shutil
import subprocess
from pathlib import Path
from unittest.mock import Mock

import pytest
import typer

from experiments.commands.lab import lab
from experiments.tools.notebooks import FOLDER, run

SCRIPTS = sorted(FOLDER.glob("*.py"))
MOST_S = 300  # on two processors


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_pair_says_the_same_and_shows_no_error(script: Path) -> None:
    import jupytext

    cells = json.loads(script.with_suffix(".ipynb").read_text(encoding="utf-8"))["cells"]
    assert ["".join(cell["source"]) for cell in cells] == [cell["source"] for cell in jupytext.read(script).cells]
    outputs = [one for cell in cells for one in cell.get("outputs", [])]
    assert not [one for one in outputs if one["output_type"] == "error"]
    assert "/tmp/" not in script.with_suffix(".ipynb").read_text(encoding="utf-8"), "a path of one machine"


def test_lab_opens_a_copy_and_leaves_what_was_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(subprocess, "run", lambda command, check: started.append(command) or Mock(returncode=0))
    (tmp_path / f"{SCRIPTS[0].stem}.ipynb").write_text("mine")
    with pytest.raises(typer.Exit):
        lab(str(tmp_path), 0)
    assert "jupyterlab" in started[0] and f"--notebook-dir={tmp_path}" in started[0]
    assert sorted(path.stem for path in tmp_path.glob("*.ipynb")) == [path.stem for path in SCRIPTS]
    assert (tmp_path / f"{SCRIPTS[0].stem}.ipynb").read_text() == "mine"


@pytest.mark.long
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_it_runs(script: Path, tmp_path: Path) -> None:
    shutil.copy(script, tmp_path)
    assert run(tmp_path / script.name) < MOST_S
