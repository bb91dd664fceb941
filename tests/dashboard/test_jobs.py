"""One training in the background: started, watched, stopped, remembered."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

from captcha_core.errors import CaptchaError
from dashboard import jobs


def _until(condition, seconds: float = 30) -> None:  # type: ignore[no-untyped-def]
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, jobs.last_lines()
        time.sleep(0.05)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_command_that_ends_well(here: Path) -> None:
    started = jobs.start(("presets",))
    _until(lambda: (jobs.current() or started).code is not None)
    job = jobs.current()
    assert job is not None and job.code == 0 and not job.running and job.command == "captchalab presets"
    assert any("digits4" in line for line in jobs.last_lines(50))
    jobs.forget()
    assert jobs.current() is None


def test_a_command_that_fails_says_why(here: Path) -> None:
    started = jobs.start(("train", "--preset", "nonsense"))
    _until(lambda: (jobs.current() or started).code is not None)
    job = jobs.current()
    assert job is not None and job.code == 1
    assert "expected a preset" in " ".join(jobs.last_lines())


def test_one_at_a_time_and_it_stops_when_asked(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "PROGRAM", ("-c", "import time; print('begun', flush=True); time.sleep(60)"))
    started = jobs.start(())
    _until(lambda: jobs.last_lines() == ["begun"])
    assert (jobs.current() or started).running
    with pytest.raises(CaptchaError, match="Stop it first"):
        jobs.start(())
    jobs.stop()
    _until(lambda: (jobs.current() or started).code is not None)
    job = jobs.current()
    assert job is not None and job.stopped and not job.running and job.code != 0


def test_a_command_that_ends_just_before_it_is_stopped(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "PROGRAM", ("-c", "import time; time.sleep(60)"))
    started, kill = jobs.start(()), os.kill

    def too_late(pid: int, number: int) -> None:
        kill(pid, signal.SIGKILL)
        _until(lambda: (jobs.current() or started).code is not None)
        kill(pid, number)  # nobody is there any more

    monkeypatch.setattr(jobs.os, "kill", too_late)
    jobs.stop()
    job = jobs.current()
    assert job is not None and job.code == -signal.SIGKILL


def test_a_process_of_the_same_number_is_another(here: Path) -> None:
    """After a restart of the machine the number may belong to anybody."""
    record = {"pid": os.getpid(), "born": "1", "arguments": ["train"], "started_ms": 0}
    (here / jobs.FOLDER).mkdir()
    (here / jobs.FOLDER / jobs.RECORD).write_text(json.dumps(record), encoding="utf-8")
    job = jobs.current()
    assert job is not None and not job.running
    jobs.stop()  # must not end this test
    assert jobs.current() == job


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}'])
def test_a_damaged_record_is_no_job(here: Path, content: str) -> None:
    (here / jobs.FOLDER).mkdir()
    (here / jobs.FOLDER / jobs.RECORD).write_text(content, encoding="utf-8")
    assert jobs.current() is None
