"""What is to be logged waits on disk: nothing stops while MLflow is away, nothing is lost, nothing comes twice."""

import json
import multiprocessing
import os
import resource
import signal
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from captcha_core.tracking import outbox as module
from captcha_core.tracking.names import Tag
from captcha_core.tracking.outbox import LaterRun, Outbox, is_in_use, run_ids, steps_posted, waiting


class Server:
    """Takes calls as MLflow would; ``down`` makes it fail."""

    def __init__(self) -> None:
        self.down = False
        self.calls: list[tuple[str, ...]] = []
        self.begun: list[str] = []

    def begin(self, key: str, name: str, tags: Mapping[str, str]) -> str:
        self._answer()
        self.begun.append(key)
        return f"id-of-{key}"

    def run(self, run_id: str) -> "_Run":
        return _Run(self, run_id)

    def _answer(self) -> None:
        if self.down:
            raise ConnectionError("nobody listens")


class _Run:
    def __init__(self, server: Server, run_id: str) -> None:
        self.server, self.id = server, run_id

    def metrics(self, values: Mapping[str, float], step: int, at_ms: int) -> None:
        self.server._answer()
        self.server.calls.append((self.id, "metrics", json.dumps(dict(values)), str(step)))

    def params(self, values: Mapping[str, Any]) -> None:
        self.server._answer()
        self.server.calls.append((self.id, "params", json.dumps(dict(values))))

    def end(self, state: str, reason: str, at_ms: int) -> None:
        self.server._answer()
        self.server.calls.append((self.id, "end", state, reason))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(module, "LONGEST_WAIT_S", 0.02)


def opened(path: Path, server: Server) -> Outbox:
    return Outbox(path, server.begin, server.run)


def test_metrics_wait_for_a_server_that_is_away_and_arrive_in_order(tmp_path: Path) -> None:
    server = Server()
    box = opened(tmp_path / "box.sqlite", server)
    run = box.begin("a", "trial", {})
    server.down = True
    longest_s = 0.0
    for step in range(50):
        began = time.monotonic()
        run.metrics({"loss": 1.0 / (step + 1)}, step=step)
        longest_s = max(longest_s, time.monotonic() - began)
    run.end("FINISHED")
    assert longest_s < 2, "who logs waits for the disk, never for the server"
    until = time.monotonic() + 30
    while not box.trouble and time.monotonic() < until:
        time.sleep(0.01)
    assert "nobody listens" in box.trouble
    assert not box.flush(0.1)
    server.down = False
    assert box.close(20)
    steps = [call[3] for call in server.calls if call[1] == "metrics"]
    assert steps == [str(step) for step in range(50)]
    assert server.calls[-1] == ("id-of-a", "end", "FINISHED", "")
    assert server.begun == ["a"]


def test_what_a_killed_process_left_is_sent_by_the_next(tmp_path: Path) -> None:
    path, away = tmp_path / "box.sqlite", Server()
    away.down = True
    first = opened(path, away)
    run = first.begin("a", "trial", {})
    run.metrics({"loss": 1.0}, step=0)
    run.metrics({"loss": 0.5}, step=1)
    first.close(0)
    assert steps_posted([path], "a") == {0, 1}
    server = Server()
    second = opened(path, server)
    second.known("b", "id-of-b").params({"width": 8})
    assert second.close(20)
    assert [call[1] for call in server.calls] == ["metrics", "metrics", "params"]
    assert waiting(path) == 0


def test_nothing_is_sent_twice_by_a_process_that_goes_on(tmp_path: Path) -> None:
    server = Server()
    for step in range(3):
        box = opened(tmp_path / "box.sqlite", server)
        box.known("a", "x").metrics({"loss": 1.0}, step=step)
        assert box.close(20)
    assert [call[3] for call in server.calls] == ["0", "1", "2"]


def test_a_full_disk_leaves_no_half_line(tmp_path: Path) -> None:
    server = Server()
    box = opened(tmp_path / "box.sqlite", server)
    run = box.known("a", "x")
    run.metrics({"loss": 1.0}, step=0)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (box.path.stat().st_size, before[1]))
    try:
        with pytest.raises(OSError, match="cannot be used as an outbox"):
            run.tags({"long": 5000 * "x"})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    run.metrics({"loss": 3.0}, step=2)
    assert box.close(20)
    assert [call[3] for call in server.calls] == ["0", "2"]


def test_another_file_is_no_outbox(tmp_path: Path) -> None:
    path = tmp_path / "box.sqlite"
    path.write_text("anything at all, as long as it is no database\n" * 20, encoding="utf-8")
    for use in (waiting, run_ids, lambda path: opened(path, Server())):
        with pytest.raises(OSError, match=r"box.sqlite cannot be used as an outbox: file is not a database"):
            use(path)


def test_what_was_posted_is_there_after_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "box.sqlite"
    child = multiprocessing.get_context("spawn").Process(target=post_and_die, args=(path,))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL and waiting(path) == 20 and not is_in_use(path)
    server = Server()
    assert opened(path, server).close(20)
    assert [call[3] for call in server.calls] == [str(step) for step in range(19)]


def post_and_die(path: Path) -> None:
    away = Server()
    away.down = True
    run = opened(path, away).begin("a", "trial", {})
    for step in range(19):
        run.metrics({"loss": 1.0}, step=step)
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_run_begun_by_another_process_is_known(tmp_path: Path) -> None:
    server = Server()
    early = opened(tmp_path / "box.sqlite", server)
    other = opened(tmp_path / "box.sqlite", server)
    assert other.begin("a", "trial", {}).outbox.flush(20)
    server.down = True
    other.close(0)
    LaterRun(early, "a").metrics({"loss": 1.0})
    server.down = False
    assert early.close(20)
    assert early.refused == [] and [call[3] for call in server.calls] == ["0"], "the step that nobody names"


def test_what_the_server_will_never_take_does_not_hold_up_the_rest(tmp_path: Path) -> None:
    from mlflow.exceptions import MlflowException
    from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE

    class Picky(Server):
        def run(self, run_id: str) -> "_Run":
            if run_id == "deleted":
                raise MlflowException("the run is deleted", INVALID_PARAMETER_VALUE)
            return _Run(self, run_id)

    server = Picky()
    box = opened(tmp_path / "box.sqlite", server)
    box.known("gone", "deleted").metrics({"loss": 1.0})
    box.known("here", "here").metrics({"loss": 2.0})
    assert box.close(20)
    assert [call[0] for call in server.calls] == ["here"]
    assert "the run is deleted" in box.refused[0]


@pytest.mark.parametrize(
    ("failures", "arrived"), [(4, ["0.5", "1.0", "2.0"]), (5, ["0.5", "2.0"]), (10_000, ["0.5", "2.0"])]
)
def test_what_a_lost_database_connection_refuses_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failures: int, arrived: list[str]
) -> None:
    from mlflow.exceptions import MlflowException
    from mlflow.protos.databricks_pb2 import BAD_REQUEST

    left = [failures]

    class Shaky(Server):
        def run(self, run_id: str) -> "_Run":
            if run_id == "first" and left[0]:
                left[0] -= 1
                raise MlflowException("(psycopg2.InterfaceError) connection already closed", BAD_REQUEST)
            return _Run(self, run_id)

    monkeypatch.setattr(module, "DOUBTFUL_TRIES", 5)
    server = Shaky()
    box = opened(tmp_path / "box.sqlite", server)
    box.known("b", "second").metrics({"loss": 0.5})
    box.known("a", "first").metrics({"loss": 1.0})
    box.known("b", "second").metrics({"loss": 2.0})
    assert box.close(20)
    assert [str(json.loads(call[2])["loss"]) for call in server.calls] == arrived


def test_two_runs_with_one_key_are_one(empty_folder: Path) -> None:
    from captcha_core.tracking.connect import client, experiment
    from captcha_core.tracking.runs import begin_run, open_outbox

    first = begin_run("key", "trial", {"captchalab.trial": "0000"})
    assert begin_run("key", "trial", {"captchalab.trial": "0000"}) == first
    assert begin_run("it's", "of a folder", {}) == begin_run("it's", "of a folder", {}) != first
    client().delete_run(begin_run("it's", "of a folder", {}))
    box = open_outbox(empty_folder / "box.sqlite")
    run = box.begin("key", "trial", {})
    for _ in range(2):  # as after a kill between sending and noting so
        run.metrics({"loss": 0.5}, step=3, at_ms=1_700_000_000_000)
    run.end("FAILED", "a reason")
    assert box.close(20)
    (only,) = client().search_runs([experiment()])
    assert only.info.run_id == first
    assert (only.info.status, only.data.tags["captchalab.reason"]) == ("FAILED", "a reason")
    assert len(client().get_metric_history(first, "loss")) == 1


def test_who_looks_whether_it_is_in_use_does_not_take_it(tmp_path: Path) -> None:
    path, looking = tmp_path / "outbox.sqlite", FileLock(f"{tmp_path}/outbox.sqlite.lock", thread_local=False)
    looking.acquire()
    threading.Timer(0.2, looking.release).start()
    box = opened(path, Server())
    assert is_in_use(path)
    box.close(0)
    assert not is_in_use(path)


def test_whoever_has_it_open_has_it_in_use_and_the_next_one_sends_when_that_is_closed(tmp_path: Path) -> None:
    path, server = tmp_path / "a" / "deep" / "box.sqlite", Server()
    first = opened(path, server)
    assert is_in_use(path), "before anything is sent"
    (sender,) = [thread for thread in threading.enumerate() if thread.name == "outbox box.sqlite"]
    assert sender.daemon, "a process may end without waiting for a server"
    second = opened(path, server)
    first.close(0)
    second.begin("a", "trial", {}).metrics({"loss": 1.0}, step=7)
    assert second.close(20)
    assert server.begun == ["a"] and [call[3] for call in server.calls] == ["7"]
    assert not is_in_use(path)


def test_with_nothing_to_send_the_file_is_looked_at_once_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box, looks = opened(tmp_path / "box.sqlite", Server()), []
    box.known("a", "x").metrics({"loss": 1.0})
    assert box.flush(120)  # the first one imports MLflow
    connect = module.sqlite3.connect
    monkeypatch.setattr(module.sqlite3, "connect", lambda *a, **k: looks.append(a) or connect(*a, **k))
    time.sleep(1.5)
    box.close(0)
    assert 1 <= len(looks) <= 8


def test_a_server_that_is_away_is_asked_less_and_less_often(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_WAIT_S", 60.0)
    asked: list[float] = []

    class Away(Server):
        def run(self, run_id: str) -> "_Run":
            asked.append(time.monotonic())
            raise ConnectionError("nobody listens")

    box = opened(tmp_path / "box.sqlite", Away())
    box.known("a", "x").metrics({"loss": 1.0})
    until = time.monotonic() + 30
    while len(asked) < 6 and time.monotonic() < until:
        time.sleep(0.01)
    box.close(0)
    assert len(asked) >= 6 and asked[5] - asked[4] >= 0.16, "0.01, 0.02, 0.04, 0.08 and 0.16 s"


def test_every_call_arrives_with_what_it_said(tmp_path: Path) -> None:
    class Recording(Server):
        def run(self, run_id: str) -> Any:
            return _Recorder(self.calls)

    server = Recording()
    box = opened(tmp_path / "box.sqlite", server)
    run = box.known("a", "x")
    run.params({"width": 8})
    run.tags({"number": 3})
    run.note("a sentence")
    run.data("digits", "0" * 64, "data/digits", {"train": 5}, "training")
    assert box.close(20)
    assert server.calls == [
        ("params", {"values": {"width": 8}}),
        ("tags", {"values": {"number": "3"}}),
        ("note", {"text": "a sentence"}),
        (
            "data",
            {
                "name": "digits",
                "digest": "0" * 64,
                "source": "data/digits",
                "counts": {"train": 5},
                "context": "training",
            },
        ),
    ]


class _Recorder:
    def __init__(self, calls: list[Any]) -> None:
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        return lambda **content: self._calls.append((name, content))


def test_which_runs_a_file_is_about(tmp_path: Path) -> None:
    box = opened(tmp_path / "box.sqlite", Server())
    box.begin("a", "trial", {Tag.PARENT: "parent"})
    box.begin("b", "trial", {})
    box.known("c", "x")
    assert box.close(20)
    assert run_ids(box.path) == {"parent", "id-of-a", "id-of-b", "x"}


def test_a_file_that_is_not_there_or_has_no_tables_yet_holds_nothing(tmp_path: Path) -> None:
    empty = tmp_path / "empty.sqlite"
    empty.touch()  # as a kill leaves it
    for path in (tmp_path / "none.sqlite", empty):
        assert (waiting(path), run_ids(path), steps_posted([path], "a")) == (0, set(), set())


def test_a_line_has_the_time_at_which_it_was_true_and_not_that_of_its_sending(tmp_path: Path) -> None:
    times: list[int] = []

    class Timed(Server):
        def run(self, run_id: str) -> Any:
            self._answer()
            return self

        def metrics(self, values: Mapping[str, float], step: int, at_ms: int) -> None:
            times.append(at_ms)

        def end(self, state: str, reason: str, at_ms: int) -> None:
            times.append(at_ms)

    server = Timed()
    server.down = True
    box = opened(tmp_path / "box.sqlite", server)
    before = int(time.time() * 1000)
    run = box.known("a", "x")
    run.metrics({"loss": 1.0})
    run.metrics({"loss": 1.0}, at_ms=1_700_000_000_000)
    run.end("FINISHED")
    run.end("FINISHED", at_ms=0)
    after = int(time.time() * 1000)
    time.sleep(0.3)
    server.down = False
    assert box.close(20)
    assert before <= times[0] <= after and times[1] == 1_700_000_000_000
    assert before <= times[2] <= after and times[3] == 0
