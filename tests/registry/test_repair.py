"""Runs that a kill left open are found and closed; nobody else's are touched."""

import os
import platform
import signal
import subprocess
import sys
from pathlib import Path

import mlflow
import pytest

from captcha_core.registry.repair import close, left_behind, orphans
from captcha_core.tracking.connect import client, experiment
from captcha_core.tracking.outbox import Outbox
from captcha_core.tracking.provenance import own_tags, owner_tags
from captcha_core.tracking.runs import Run, begin_run, start_run
from experiments.cli import main


def open_run(pid: int, **tags: object) -> str:
    """Leave a run RUNNING, as a process of this number would."""
    described = {key: str(value) for key, value in {**owner_tags(pid), **tags}.items()}
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
        left = open_run(later.pid, **{"captchalab.born": own_tags()["captchalab.born"]})
        assert [orphan.run_id for orphan in orphans()] == [left]
        later.kill()


def test_the_run_of_a_cut_promotion_is_found_too(empty_folder: Path, gone: int) -> None:
    from captcha_core.registry.promotion import EXPERIMENT

    left = client().create_run(experiment(EXPERIMENT), tags={**own_tags(), "captchalab.pid": str(gone)}).info.run_id
    assert [orphan.run_id for orphan in orphans()] == [left]


def test_a_run_has_an_owner_from_its_first_moment(empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_: object) -> None:
        raise SystemError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(Run, "tags", die)
        with pytest.raises(SystemError), start_run("cut"):
            pass
    (left,) = client().search_runs([experiment()])
    assert left.data.tags["captchalab.pid"] == str(os.getpid())
    mlflow.end_run()


def test_a_run_that_another_process_goes_on_with_is_its(empty_folder: Path, gone: int) -> None:
    run_id = begin_run("key", "trial", {**own_tags(), "captchalab.pid": str(gone)})
    assert [orphan.run_id for orphan in orphans()] == [run_id]
    assert begin_run("key", "trial", own_tags()) == run_id
    assert list(orphans()) == []


LEAVE = """
import os, signal
from pathlib import Path
from captcha_core.tracking.outbox import Outbox
def away(*_): raise ConnectionError("away")
box = Outbox(Path("runs/search-x/outbox-main.sqlite"), away, away)
run = box.begin("key", "trial", {tags})
for step in range(20):
    run.metrics({{"loss": 1.0 / (step + 1)}}, step=step)
run.end("FINISHED")
print(os.getpid(), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_doctor_sends_what_a_killed_process_left(empty_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = str(Path(__file__).parent.parent.parent)
    done = subprocess.run(
        [sys.executable, "-c", LEAVE.format(tags=repr({"captchalab.host": platform.node()}))],
        env={**os.environ, "PYTHONPATH": root}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert [path.name for path in left_behind(Path("runs"))] == ["outbox-main.sqlite"]
    assert doctor() == 1
    assert "what was not sent to MLflow" in capsys.readouterr().out
    assert doctor("--repair") == 0
    (run,) = client().search_runs([experiment()])
    history = client().get_metric_history(run.info.run_id, "loss")
    assert [(one.step, one.value) for one in history] == [(step, 1.0 / (step + 1)) for step in range(20)]
    assert run.info.status == "FINISHED"
    assert left_behind(Path("runs")) == []


def test_doctor_makes_no_database(empty_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor() == doctor("--repair") == 0
    assert "which the first run makes" in capsys.readouterr().out
    assert list(empty_folder.iterdir()) == []


def test_what_was_left_is_not_sent_to_another_store(
    empty_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def away(*_: object) -> Run:
        raise ConnectionError("away")

    run_id = client().create_run(experiment()).info.run_id
    box = Outbox(Path("runs/id/outbox.sqlite"), away, away)
    box.known("id", run_id).metrics({"loss": 0.5}, step=3)
    box.close(0)
    with monkeypatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{empty_folder}/other.db")
        assert doctor("--repair") == 1
        assert "received sqlite:///" in capsys.readouterr().out
        assert not (empty_folder / "other.db").exists()
        client()  # it is made
        assert doctor("--repair") == 1
        assert "expected the tracking store with the run of runs/id/outbox.sqlite" in capsys.readouterr().out
    assert doctor("--repair") == 0
    assert [one.step for one in client().get_metric_history(run_id, "loss")] == [3]


def test_doctor_says_what_mlflow_refuses(empty_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def away(*_: object) -> Run:
        raise ConnectionError("away")

    run_id = client().create_run(experiment()).info.run_id
    box = Outbox(Path("runs/id/outbox.sqlite"), away, away)
    box.known("id", run_id).metrics({"no name: {}": 0.5})
    box.close(0)
    assert doctor("--repair") == 0
    assert "MLflow refused metrics of id" in capsys.readouterr().out


@pytest.mark.parametrize("place", ["file/mlflow.db", "x" * 300, "/proc/mlflow.db"])
def test_a_database_that_cannot_be_made_is_said(
    empty_folder: Path, place: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (empty_folder / "file").touch()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{empty_folder / place}")
    assert doctor() == 1
    assert "FAIL  tracking store: " in capsys.readouterr().out


def test_what_a_living_process_sends_itself_is_left_to_it(empty_folder: Path) -> None:
    def away(*_: object) -> str:
        raise ConnectionError("away")

    box = Outbox(Path("runs/id/outbox.sqlite"), away, away)
    box.begin("key", "trial", {})
    assert left_behind(Path("runs")) == []
    box.close(0)
    assert left_behind(Path("runs")) == [box.path]


def doctor(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(["doctor", *arguments])
    return int(stop.value.code or 0)


def test_runs_of_other_machines_are_left_alone(empty_folder: Path, gone: int) -> None:
    open_run(gone, **{"captchalab.host": "another"})
    assert list(orphans()) == []


def test_doctor_names_them_and_closes_them_when_asked(
    empty_folder: Path, gone: int, capsys: pytest.CaptureFixture[str]
) -> None:
    left = open_run(gone)
    for arguments, code in (([], 1), (["--repair"], 0), ([], 0)):
        assert doctor(*arguments) == code
        assert (left in capsys.readouterr().out) == (arguments == ["--repair"] or code == 1)
    assert status(left) == "FAILED"


def test_a_model_whose_upload_was_cut_is_marked_as_failed(empty_folder: Path, gone: int) -> None:
    left = open_run(gone)
    place = client().get_run(left).info.experiment_id
    cut = client().create_logged_model(place, "model", source_run_id=left).model_id
    whole = client().create_logged_model(place, "model", source_run_id=left).model_id
    client().finalize_logged_model(whole, "READY")
    for orphan in orphans():
        close(orphan)
    assert str(client().get_logged_model(cut).status) == "FAILED"
    assert str(client().get_logged_model(whole).status) == "READY"
