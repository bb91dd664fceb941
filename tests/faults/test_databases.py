"""Many writers at once on SQLite and on PostgreSQL, and the way from one to the other."""

from pathlib import Path

import pytest

from captcha_core.errors import CaptchaError
from captcha_core.temporary import scratch
from experiments.faults.databases import many_writers, moved, postgresql, programs
from experiments.terminal.foreign_errors import outside


def _installed() -> bool:
    try:
        return bool(programs())
    except CaptchaError:
        return False


needs_postgresql = pytest.mark.skipif(not _installed(), reason="PostgreSQL is not installed")


@pytest.mark.long
def test_four_writers_on_sqlite(empty_folder: Path) -> None:
    assert many_writers(f"sqlite:///{empty_folder}/many.db", empty_folder, 4, 50)["lost"] == 0


@needs_postgresql
@pytest.mark.long
def test_eight_writers_on_postgresql(empty_folder: Path) -> None:
    with scratch(), postgresql() as uri:  # as within a command
        assert many_writers(uri, empty_folder, 8, 50)["lost"] == 0


@needs_postgresql
@pytest.mark.long
def test_the_way_from_sqlite_to_postgresql(empty_folder: Path) -> None:
    assert moved(empty_folder)["equal"] is True


def test_a_store_that_fails_is_no_fault_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow.exceptions import MlflowException

    monkeypatch.setenv("MLFLOW_TRACKING_URI", "postgresql://me:secret@host/db")
    said = outside(MlflowException("(sqlite3.OperationalError) database or disk is full\n[SQL: INSERT]"))
    assert "database or disk is full" in said and "SQL" not in said and "secret" not in said
    assert outside(KeyError("x")) == ""
