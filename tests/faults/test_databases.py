"""Many writers at once on SQLite and on PostgreSQL, METRICS=50 steps each, and the way from one to the other."""

import os
from pathlib import Path

import pytest

from captcha_core.temporary import temporary_folder
from experiments.terminal.foreign_errors import foreign_error
from tests.rigs.databases import many_writers, moved, postgresql, postgresql_programs

METRICS = int(os.environ.get("METRICS", "50"))
needs_postgresql = pytest.mark.skipif(postgresql_programs() is None, reason="PostgreSQL is not installed")


@pytest.mark.long
def test_four_writers_on_sqlite(empty_folder: Path) -> None:
    found = many_writers(f"sqlite:///{empty_folder}/many.db", empty_folder, 4, METRICS)
    print(f"\nSQLite: {found}")
    assert found["metrics"] == 8 * METRICS


@needs_postgresql
@pytest.mark.long
def test_eight_writers_on_postgresql(empty_folder: Path) -> None:
    with temporary_folder(), postgresql() as uri:  # as within a command
        found = many_writers(uri, empty_folder, 8, METRICS)
    print(f"\nPostgreSQL: {found}")
    assert found["metrics"] == 16 * METRICS


@needs_postgresql
@pytest.mark.long
def test_the_way_from_sqlite_to_postgresql(empty_folder: Path) -> None:
    found = moved(empty_folder)
    print(f"\nmoved: {found}")
    assert found["rows"] > found["runs"] == 22


def test_a_store_that_fails_is_no_fault_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow.exceptions import MlflowException

    monkeypatch.setenv("MLFLOW_TRACKING_URI", "postgresql://me:secret@host/db")
    sentence = foreign_error(MlflowException("(sqlite3.OperationalError) database or disk is full\n[SQL: INSERT]"))
    assert "database or disk is full" in sentence and "SQL" not in sentence and "secret" not in sentence
    assert foreign_error(KeyError("x")) == ""
