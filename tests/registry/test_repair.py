"""Runs that a kill left open are found and closed; nobody else's are touched."""

import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from captcha_core.registry.repair import close, orphans
from captcha_core.registry.runs import client, experiment
from experiments.cli import main


def open_run(pid: int, **tags: object) -> str:
    """Leave a run RUNNING, as a process of this number would."""
    own: Mapping[str, object] = {"captchalab.host": platform.node(), "captchalab.started": time.time(), **tags}
    described = {key: str(value) for key, value in {"captchalab.pid": pid, **own}.items()}
    return str(client().create_run(experiment(), tags=described).info.run_id)


@pytest.fixture
def gone() -> int:
    """The number of a process that was killed."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return process.pid


def status(run_id: str) -> str:
    return str(client().get_run(run_id).info.status)


def test_the_run_of_a_killed_process_is_closed_with_the_reason(empty_folder: Path, gone: int) -> None:
    left = open_run(gone)
    assert [orphan.run_id for orphan in orphans()] == [left]
    for orphan in orphans():
        close(orphan)
    assert status(left) == "FAILED"
    assert "--repair" in client().get_run(left).data.tags["captchalab.reason"]
    assert list(orphans()) == []


def test_a_run_that_goes_on_is_left_alone(empty_folder: Path) -> None:
    open_run(os.getpid())
    open_run(os.getppid())
    assert list(orphans()) == []


def test_another_process_with_the_number_does_not_count(empty_folder: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as later:
        left = open_run(later.pid, **{"captchalab.started": time.time() - 3_600})
        assert [orphan.run_id for orphan in orphans()] == [left]
        later.kill()


def test_runs_of_other_machines_are_left_alone(empty_folder: Path, gone: int) -> None:
    open_run(gone, **{"captchalab.host": "another"})
    assert list(orphans()) == []


def test_doctor_names_them_and_closes_them_when_asked(
    empty_folder: Path, gone: int, capsys: pytest.CaptureFixture[str]
) -> None:
    left = open_run(gone)
    for arguments, code in (([], 1), (["--repair"], 0), ([], 0)):
        with pytest.raises(SystemExit) as stop:
            main(["doctor", *arguments])
        assert stop.value.code == code
        assert (left in capsys.readouterr().out) == (arguments == ["--repair"] or code == 1)
    assert status(left) == "FAILED"
