"""Runs say nothing of their own: what a command prints is the command's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from captcha_core.tracking.connect import client
from captcha_core.tracking.runs import start_run

SCRIPT = """
import sqlite3
from captcha_core.tracking.runs import start_run
with start_run("quiet") as run:
    run.metrics({"loss": 1.0}, step=0)
sqlite3.connect("mlflow.db").execute("DROP TABLE metrics")
try:
    with start_run("broken") as run:
        run.metrics({"loss": 1.0}, step=0)
except Exception as error:
    print("raised:", "no such table: metrics" in str(error))
"""


def test_neither_a_run_nor_a_broken_database_prints_anything(tmp_path: Path) -> None:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("MLFLOW")}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=tmp_path, env=kept, capture_output=True, text=True, check=True
    )
    assert done.stdout == "raised: True\n"
    assert done.stderr == ""


def test_what_mlflow_refuses_for_good_is_said_of_the_run(empty_folder: Path) -> None:
    with start_run("odd", keep=Path("runs")) as run:
        run.metrics({"no name?": 1.0}, step=0)
        run.metrics({"loss": 1.0}, step=0)
    found = client().get_run(run.id)
    assert found.info.status == "FINISHED" and found.data.metrics["loss"] == 1.0
    assert found.data.tags["captchalab.refused"].startswith(f"metrics of {run.id}: ")


def status_at_the_end(program: str) -> str:
    """Run a program that fails within a run; return what MLflow holds of the run once Python has ended."""
    path = {"PYTHONPATH": str(Path(__file__).parent.parent.parent)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env={**os.environ, **path})
    assert done.returncode == 1, done.stderr
    (run,) = client().search_runs([one.experiment_id for one in client().search_experiments()])
    return str(run.info.status)


HEAD = "from captcha_core.tracking import runs\n"


@pytest.mark.parametrize(
    ("program", "status"),
    [
        (
            "class Run(runs.Run):\n"
            "    def tags(self, tags):\n"
            "        if 'captchalab.reason' in tags: raise ConnectionError('away')\n"
            "        super().tags(tags)\n"
            "runs.Run = Run\n"
            "with runs.start_run('name'): raise ValueError('a fault')\n",
            "FAILED",
        ),
        (
            "def stopped(): raise KeyboardInterrupt\n"
            "runs.provenance = stopped\n"
            "try:\n"
            "    with runs.start_run('name'): pass\n"
            "except KeyboardInterrupt: raise SystemExit(1)\n",
            "KILLED",
        ),
        (
            "from pathlib import Path\n"
            "def away(box): raise ConnectionError('away')\n"
            "runs.Outbox._send_waiting, runs.PATIENCE_S = away, 0.1\n"
            "with runs.start_run('name', keep=Path('runs')) as run: run.metrics({'loss': 1.0}, 0)\n",
            "FAILED",
        ),
    ],
    ids=["the reason is not taken", "stopped at its beginning", "metrics are not taken"],
)
def test_what_went_wrong_never_ends_as_finished(empty_folder: Path, program: str, status: str) -> None:
    assert status_at_the_end(HEAD + program) == status


def test_a_folder_is_logged_whole_and_where_it_is_wanted(empty_folder: Path) -> None:
    (empty_folder / "made" / "deep").mkdir(parents=True)
    (empty_folder / "made" / "a.txt").write_text("a", encoding="utf-8")
    (empty_folder / "made" / "deep" / "b.txt").write_text("b", encoding="utf-8")
    with start_run("folders") as run:
        run.folder(empty_folder / "made", "report")
    place = Path(client().download_artifacts(run.id, "report"))
    found = {str(path.relative_to(place)): path.read_text(encoding="utf-8") for path in place.rglob("*.txt")}
    assert found == {"a.txt": "a", str(Path("deep/b.txt")): "b"}
