"""Searches side by side and under kills: processes, a Ray cluster, workers that die, SIGKILL at random moments."""

import os
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.workflows.searches import parent_of, place, states, there, trials_of, tune

__all__ = ["place", "there"]  # fixtures


def worker_processes() -> list[psutil.Process]:
    found = []
    for one in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):  # ended meanwhile
            if "captcha_core.workflows.searching.worker" in one.cmdline():
                found.append(one)
    return found


def test_a_worker_that_is_killed_loses_no_trial(capsys: pytest.CaptureFixture[str]) -> None:
    victims: list[int] = []

    def strike() -> None:
        folder = Path("runs/search-side/trials")
        while not (folder.is_dir() and any(folder.glob("*/lock"))):
            time.sleep(0.05)
        victim = worker_processes()[0]
        victims.append(victim.pid)
        os.kill(victim.pid, signal.SIGKILL)

    thread = threading.Thread(target=strike, daemon=True)
    thread.start()
    assert tune("--name", "side", "--tuner", "random", "--trials", "4", "--workers", "2") == 0
    assert victims, "no worker was killed"
    assert "died" in " ".join(capsys.readouterr().err.split())
    assert states("side") == ["FINISHED"] * 4
    parent = parent_of("side")
    assert parent.info.status == "FINISHED"
    assert not worker_processes()
    for key in ("mlflow.user", "mlflow.source.name", "mlflow.source.type"):
        assert {run.data.tags[key] for run in trials_of("side")} == {parent.data.tags[key]}, "not the worker's program"


def test_a_fault_in_a_worker_stops_all(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["faulty", os.environ.get("PYTHONPATH", "")]))
    Path("faulty").mkdir(exist_ok=True)
    Path("faulty/sitecustomize.py").write_text(
        "import sys\n"
        "if 'captcha_core.workflows.searching.worker' in ' '.join(sys.orig_argv):\n"
        "    import captcha_core.training.fit as fit\n"
        "    def train(*_, **__):\n"
        "        raise TypeError('our own fault')\n"
        "    fit.train = train\n",
        encoding="utf-8",
    )
    assert tune("--name", "faulty", "--tuner", "random", "--trials", "4", "--workers", "2") == 1
    assert "TypeError: our own fault" in capsys.readouterr().err
    assert parent_of("faulty").info.status == "FAILED"
    assert "Traceback" in parent_of("faulty").data.tags["captchalab.traceback"]
    assert set(states("faulty")) <= {"FAILED", "KILLED"}


def test_a_local_ray_cluster_does_the_same() -> None:
    pytest.importorskip("ray")
    import ray

    try:
        words = ["--name", "ray", "--tuner", "random", "--trials", "4", "--workers", "2", "--cluster", "local"]
        assert tune(*words) == 0
    finally:
        ray.shutdown()
    assert states("ray") == ["FINISHED"] * 4
