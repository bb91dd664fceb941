"""What the pages know of runs follows MLflow, without reading all of them each time."""

import os
import time
from pathlib import Path

import pytest

from captcha_core.tracking.connect import client, connect
from dashboard import process
from dashboard.tracking import data, run_cache
from dashboard.tracking.records import RunRecord
from tests.dashboard.pages import bare_run


def _seen() -> dict[str, RunRecord]:
    data.runs.clear()
    return {run.id: run for run in data.runs(connect())}


def test_new_running_and_ended_runs_are_seen_before_all_are_read_anew(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, going = bare_run(), bare_run("RUNNING")
    assert set(_seen()) == {old, going}
    asked: list[str] = []
    search = run_cache.search_runs
    monkeypatch.setattr(run_cache, "search_runs", lambda mine, text: asked.append(text) or search(mine, text))
    client().log_metric(going, "val_exact_match", 0.5)
    new = bare_run("FAILED")
    seen = _seen()
    assert seen[going].best == 0.5 and seen[new].state == "FAILED" and old in seen
    client().set_terminated(going)
    assert _seen()[going].state == "FINISHED"
    assert "" not in asked, "nothing asked for all runs"


def test_a_run_that_was_deleted_goes_when_all_are_read_anew(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, gone = bare_run(), bare_run()
    assert set(_seen()) == {kept, gone}
    client().delete_run(gone)
    monkeypatch.setattr(run_cache, "ALL_ANEW_S", -1.0)
    until = time.monotonic() + 60
    while set(_seen()) != {kept}:
        assert time.monotonic() < until, "it is still shown"
        time.sleep(0.05)


def test_runs_are_read_before_the_first_visitor_comes(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = bare_run()
    data.preload()
    asked: list[str] = []
    search = run_cache.search_runs
    monkeypatch.setattr(run_cache, "search_runs", lambda mine, text: asked.append(text) or search(mine, text))
    assert set(_seen()) == {run} and "" not in asked


def test_a_start_without_mlflow_is_quiet_and_the_pages_come_when_it_does(
    fresh: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    run, there = bare_run(), os.environ["MLFLOW_TRACKING_URI"]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    process.short_timeouts()
    capfd.readouterr()
    data.preload()
    assert (*capfd.readouterr(), *caplog.messages) == ("", ""), "the first page that is opened says it"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", there)
    assert set(_seen()) == {run}


def test_a_change_from_a_page_is_seen_at_once(fresh: Path) -> None:
    run = bare_run()
    assert _seen()[run].note == ""
    client().set_tag(run, "mlflow.note.content", "good")
    data.forget()
    assert _seen()[run].note == "good"
