"""Runs say nothing of their own: what a command prints is the command's."""

import os
import subprocess
import sys
from pathlib import Path

from captcha_core.registry.runs import client, start_run

SCRIPT = """
import sqlite3
from captcha_core.registry.runs import start_run
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
