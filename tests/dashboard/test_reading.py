"""What the pages know of runs follows MLflow, without reading all of them each time."""

from pathlib import Path

import pytest

from captcha_core.registry.runs import client, use_tracking
from dashboard import data
from dashboard.records import RunRecord
from tests.dashboard.pages import bare_run


def _seen() -> dict[str, RunRecord]:
    data.runs.clear()
    return {run.id: run for run in data.runs(use_tracking())}


def test_new_running_and_ended_runs_are_seen_before_all_are_read_anew(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, going = bare_run(), bare_run("RUNNING")
    assert set(_seen()) == {old, going}
    asked: list[str] = []
    search = data._search
    monkeypatch.setattr(data, "_search", lambda mine, text: asked.append(text) or search(mine, text))
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
    monkeypatch.setattr(data, "ALL_ANEW_S", -1.0)
    assert set(_seen()) == {kept}


def test_a_change_from_a_page_is_seen_at_once(fresh: Path) -> None:
    run = bare_run()
    assert _seen()[run].note == ""
    client().set_tag(run, "mlflow.note.content", "good")
    data.forget()
    assert _seen()[run].note == "good"
