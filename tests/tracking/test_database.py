"""The database comes whole or not at all, and moves to another."""

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from captcha_core.errors import RegistryError
from captcha_core.tracking import address
from captcha_core.tracking.address import ensure
from captcha_core.tracking.migrate import move


class Killed(BaseException):
    """What nothing catches."""


def test_cut_off_it_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import mlflow.store.db.utils as tables

    def cut(engine: Any) -> None:
        with engine.begin() as connection:
            connection.execute(sa.text("CREATE TABLE experiments (a INTEGER)"))
        raise Killed

    uri = f"sqlite:///{tmp_path}/mlflow.db"
    with monkeypatch.context() as patch:
        patch.setattr(tables, "_initialize_tables", cut)
        with pytest.raises(Killed):
            ensure(uri)
    assert not (tmp_path / "mlflow.db").exists()
    ensure(uri)
    from mlflow import MlflowClient

    assert MlflowClient(uri).search_experiments() != []
    ensure(uri)
    assert {path.name for path in tmp_path.iterdir()} <= {"mlflow.db", "mlflow.db.lock"}


@pytest.mark.parametrize("uri", ["http://127.0.0.1:5000", "postgresql://a@b/c", "sqlite:///:memory:", "sqlite://"])
def test_only_files_are_made(uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(address, "_make", lambda uri: pytest.fail(uri))
    ensure(uri)
    assert list(tmp_path.iterdir()) == []


def test_runs_move_to_an_empty_database_only(tmp_path: Path) -> None:
    from mlflow import MlflowClient

    old, new = (f"sqlite:///{tmp_path}/{name}.db" for name in ("old", "new"))
    for uri in (old, new):
        ensure(uri)
    mine = MlflowClient(old)
    place = mine.create_experiment("captchalab", "file:///somewhere")
    run = mine.create_run(place, tags={"captchalab.kind": "train"})
    for step in range(30):
        mine.log_metric(run.info.run_id, "loss", 1.0 / (step + 1), step=step)
    mine.create_registered_model("captcha-moved")
    mine.create_model_version("captcha-moved", "somewhere")
    mine.set_registered_model_alias("captcha-moved", "champion", "1")
    rows = move(old, new)
    assert (rows["runs"], rows["metrics"], rows["registered_model_aliases"]) == (1, 30, 1)
    there = MlflowClient(new)
    assert there.get_run(run.info.run_id).to_dictionary() == mine.get_run(run.info.run_id).to_dictionary()
    assert [one.step for one in there.get_metric_history(run.info.run_id, "loss")] == list(range(30))
    assert str(there.get_model_version_by_alias("captcha-moved", "champion").version) == "1"
    with pytest.raises(RegistryError, match="expected an empty database to move to, received rows in"):
        move(old, new)
    assert len(there.search_runs([place])) == 1


def test_a_database_of_something_else_is_not_moved(tmp_path: Path) -> None:
    other = sa.create_engine(f"sqlite:///{tmp_path}/other.db")
    with other.begin() as connection:
        connection.execute(sa.text("CREATE TABLE recipes (a INTEGER)"))
    with pytest.raises(RegistryError, match="expected MLflow's tables at sqlite:///.*other.db, received none"):
        move(f"sqlite:///{tmp_path}/other.db", f"sqlite:///{tmp_path}/new.db")
    assert sa.inspect(other).get_table_names() == ["recipes"]
    assert not (tmp_path / "new.db").exists()


def test_a_link_to_where_it_shall_be_stays_one(tmp_path: Path) -> None:
    (tmp_path / "big").mkdir()
    (tmp_path / "mlflow.db").symlink_to(tmp_path / "big" / "mlflow.db")
    ensure(f"sqlite:///{tmp_path}/mlflow.db")
    assert (tmp_path / "mlflow.db").is_symlink() and (tmp_path / "big" / "mlflow.db").is_file()


@pytest.mark.parametrize("name", ["q?z", "a%20b", "c#d e"])
def test_a_folder_of_any_name_takes_one(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / name)
    ensure("sqlite:///mlflow.db")
    with sa.create_engine("sqlite:///mlflow.db").connect() as connection:
        assert connection.execute(sa.text("SELECT COUNT(*) FROM runs")).scalar() == 0
    assert not list(tmp_path.glob("*.db")), "nothing beside it"
