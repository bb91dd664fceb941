"""Work on a Ray cluster gives what work here gives; a missing or silent cluster is told in one sentence."""

import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from captcha_core.dataset.workers import run, run_ahead
from captcha_core.dataset.writer import write_dataset
from captcha_core.errors import DataError, SpecError
from captcha_core.extras import MissingExtra
from tests.dataset.fake_source import Mortal, held_signals, refuse_to_draw, small_plan, specks


class TaskError(Exception):
    def __init__(self, cause: Exception) -> None:
        self.cause = cause


class InlineRay(SimpleNamespace):
    """As much of Ray's interface as is used, working in this process and finishing the newest task first."""

    def __init__(self) -> None:
        errors = SimpleNamespace(RayTaskError=TaskError, RayError=TaskError)
        super().__init__(exceptions=errors, started=[], stopped=0)

    def is_initialized(self) -> bool:
        return False

    def init(self, address: str, **options: Any) -> None:
        self.started.append(address)

    def shutdown(self) -> None:
        self.stopped += 1

    def cluster_resources(self) -> dict[str, float]:
        return {"CPU": 2.0}

    def put(self, value: Any) -> Any:
        return value

    def remote(self, function: Callable[..., Any]) -> Any:
        return SimpleNamespace(remote=lambda *arguments: (function, arguments))

    def wait(self, running: list[Any], num_returns: int) -> tuple[list[Any], list[Any]]:
        return running[-num_returns:], running[:-num_returns]

    def get(self, reference: Any) -> Any:
        function, arguments = reference
        try:
            return function(*arguments)
        except SpecError as error:
            raise TaskError(error) from None


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> InlineRay:
    inline = InlineRay()
    monkeypatch.setitem(sys.modules, "ray", inline)
    return inline


def test_a_cluster_writes_the_same_data_set(tmp_path: Path, ray: InlineRay) -> None:
    here = write_dataset(tmp_path / "here", small_plan(), specks)
    there = write_dataset(tmp_path / "there", small_plan(), specks, cluster="auto")
    assert there.manifest.shards == here.manifest.shards and there.digest == here.digest
    assert ray.started == ["auto"] and ray.stopped == 1


def test_what_goes_wrong_on_the_cluster_is_told_here(tmp_path: Path, ray: InlineRay) -> None:
    with pytest.raises(SpecError, match="expected a wider picture"):
        write_dataset(tmp_path / "d", small_plan(), refuse_to_draw, cluster="local")
    assert ray.stopped == 1 and not (tmp_path / "d").exists()


def test_a_missing_ray_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtra, match=r"the extra cluster for --cluster.*pip install 'captchalab\[cluster\]'"):
        write_dataset(tmp_path / "d", small_plan(), specks, cluster="local")
    assert not (tmp_path / "d").exists()


def test_a_cluster_that_does_not_answer_is_told_at_once(tmp_path: Path, ray: InlineRay) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(DataError, match=f"expected a Ray cluster at '127.0.0.1:{port}', received: .*ray start --head"):
        write_dataset(tmp_path / "d", small_plan(), specks, cluster=f"127.0.0.1:{port}")
    assert ray.started == []


def test_a_ctrl_c_never_reaches_a_worker(tmp_path: Path) -> None:
    for held in run(held_signals, range(4), workers=2):
        assert signal.SIGINT in held, "from its first moment: while it starts, it would print a traceback"
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_a_worker_that_dies_ahead_of_a_learner_is_replaced() -> None:
    came = [number for number in run_ahead(Mortal(frozenset({8, 25})), range(40), workers=2) if number is not None]
    assert len(came) >= 30 and len(set(came)) == len(came), "what was in hand is left out, nothing comes twice"


def test_workers_that_die_each_time_are_told() -> None:
    with pytest.raises(DataError, match="received the death of one with exit code 9"):
        list(run_ahead(Mortal(frozenset(range(40))), range(40), workers=2))
