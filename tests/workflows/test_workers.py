"""How workers of a search end: what one met is what the user hears, and none outlives the search."""

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from captcha_core.errors import CaptchaError, DataError
from captcha_core.models.space import Choice, SearchSpace, Space
from captcha_core.training.search.objective import Objective
from captcha_core.training.search.oracles import make_oracle
from captcha_core.workflows.searching.processes import Processes
from captcha_core.workflows.searching.worker import note_end
from captcha_core.workflows.searching.workers import WorkerFault, WorkerPool, work


class EndingAtOnce:
    """Workers that meet an error and end as the real ones do."""

    host = "127.0.0.1"
    busy = 0

    def __init__(self, plan: Any, error: BaseException) -> None:
        self.plan, self.error = plan, error
        self.over: list[tuple[str, int]] = []

    def start(self, plan: Any, tuner_id: str, variables: Mapping[str, str]) -> None:
        self.over.append((tuner_id, note_end(self.plan, self.error)))

    def ended(self) -> list[tuple[str, int]]:
        found, self.over = self.over, []
        return found

    def stop(self) -> None:
        pass


def met(folder: Path, error: BaseException) -> BaseException:
    """Let a worker meet an error, and return what the search ends with."""
    plan: Any = SimpleNamespace(name="some", folder=folder)
    return ended_with(plan, EndingAtOnce(plan, error))


def ended_with(plan: Any, pool: WorkerPool) -> BaseException:
    """Let a pool search, and return what the search ends with."""
    space = SearchSpace.of({"one": Space({"width": Choice((4, 8))}, {})}, {})
    oracle = make_oracle("grid", space, Objective(), 0, 0, plan.folder, 2)
    with pytest.raises(Exception) as caught:
        work(plan, oracle, pool, 1, lambda sentence: None)
    return caught.value


def test_what_a_worker_cannot_open_is_named(tmp_path: Path) -> None:
    found = met(tmp_path, PermissionError(13, "Permission denied", "data/x.parquet"))
    assert isinstance(found, OSError) and found.errno == 13
    assert "data/x.parquet" in str(found) and "space" not in str(found)


def test_a_log_that_a_worker_could_not_open_is_named(tmp_path: Path) -> None:
    (tmp_path / "worker-1.log").mkdir()
    pool = Processes(1)
    opened = list(pool.waiting)
    found = ended_with(SimpleNamespace(name="some", folder=tmp_path), pool)
    assert isinstance(found, IsADirectoryError) and "worker-1.log" in str(found)
    assert all(one.poll() is not None for one in opened)


def test_a_disk_that_is_full_for_a_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "stopped.json").write_text('{"errno": 13, "sentence": "of yesterday"}')
    monkeypatch.setattr("captcha_core.workflows.searching.worker.write_json", full)
    found = met(tmp_path, OSError(28, "No space left on device"))
    assert isinstance(found, OSError) and found.errno == 28 and "could not write" in str(found)


def test_a_sentence_of_a_worker_is_no_fault_in_the_code(tmp_path: Path) -> None:
    found = met(tmp_path, DataError("expected labelled samples, received none; label some."))
    assert isinstance(found, CaptchaError) and not isinstance(found, WorkerFault)
    assert str(found) == "expected labelled samples, received none; label some."


def test_a_fault_in_the_code_is_one(tmp_path: Path) -> None:
    assert isinstance(met(tmp_path, TypeError("ours")), WorkerFault)


def test_a_worker_whose_search_was_killed_while_it_started_ends(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with socket.socket() as nobody:  # a chief that never answers
        nobody.bind(("127.0.0.1", 0))
        port = str(nobody.getsockname()[1])
        told = {"KERASTUNER_TUNER_ID": "w", "KERASTUNER_ORACLE_IP": "127.0.0.1", "KERASTUNER_ORACLE_PORT": port}
        worker = subprocess.run(
            [sys.executable, "-m", "captcha_core.workflows.searching.worker", "1", str(gone.pid)],
            env={**os.environ, **told, "TMPDIR": str(tmp_path)}, capture_output=True, text=True, timeout=240,
        )  # fmt: skip
    assert worker.returncode == 1 and "Traceback" not in worker.stderr


def test_workers_that_were_opened_for_nothing_end() -> None:
    with pytest.raises(DataError), Processes(2) as pool:
        opened = list(pool.waiting)
        assert len(opened) == 2 and all(one.poll() is None for one in opened)
        raise DataError("expected a search, received none; begin one.")
    assert all(one.poll() is not None for one in opened)


def test_a_worker_that_nobody_tells_of_a_search_ends_in_peace(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "captcha_core.workflows.searching.worker", "1", str(os.getpid())]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    worker = subprocess.run(words, env=environment, stdin=subprocess.DEVNULL, timeout=240)
    assert worker.returncode == 0
