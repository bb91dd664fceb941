"""The experiment that somebody chose is obeyed, and one that was deleted is named with what helps."""

from pathlib import Path
from typing import Any

import pytest

from captcha_core.errors import RegistryError
from captcha_core.registry.repair import orphans
from captcha_core.tracking.connect import client, experiment
from captcha_core.tracking.names import ExperimentTag, Tag
from captcha_core.tracking.provenance import own_tags
from captcha_core.tracking.runs import start_run
from experiments.cli import main


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Run a command; return its exit code and everything that it says."""
    with pytest.raises(SystemExit) as stop:
        main(list(words))
    printed = capsys.readouterr()
    return int(stop.value.code or 0), printed.out + printed.err


def test_runs_go_where_the_variable_says(empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "team/captchas")
    with start_run("mine") as run:
        pass
    place = client().get_experiment(client().get_run(run.id).info.experiment_id)
    assert place.name == "team/captchas"
    assert place.tags[ExperimentTag.KIND] == "custom_model_development"
    assert client().get_experiment_by_name("captchalab") is None


def test_runs_go_where_mlflow_run_says(empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = client().create_experiment("by mlflow run")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", there)
    assert experiment() == there
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "4711")
    with pytest.raises(RegistryError, match="MLFLOW_EXPERIMENT_ID, received '4711'.*--experiment"):
        experiment()


@pytest.mark.parametrize("chosen", ["digits", "mlflow run's"])
def test_the_name_that_somebody_gave_to_mlflow_run_stays(
    empty_folder: Path, monkeypatch: pytest.MonkeyPatch, chosen: str
) -> None:
    made = client().create_run(experiment())
    if chosen == "digits":
        client().set_tag(made.info.run_id, Tag.RUN_NAME, chosen)
    monkeypatch.setenv("MLFLOW_RUN_ID", made.info.run_id)
    with start_run("our label"):
        pass
    name = client().get_run(made.info.run_id).info.run_name
    assert name == ("digits" if chosen == "digits" else "our label"), "a name that MLflow made up is nobody's"


def test_doctor_looks_into_every_experiment(empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = client().create_run(experiment("elsewhere"), tags={**own_tags(), Tag.BORN: "long ago"}).info.run_id
    assert [orphan.run_id for orphan in orphans()] == [left]


def test_the_option_is_the_variable(empty_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "")
    experiment("captchalab")
    assert "experiment captchalab" in answer(capsys, "doctor")[1]
    assert "experiment mine" in answer(capsys, "doctor", "--experiment", "mine")[1]


def test_a_deleted_experiment_is_named_and_restored(empty_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_id = client().create_run(experiment()).info.run_id
    client().set_terminated(run_id)
    client().delete_experiment(experiment())
    with pytest.raises(RegistryError, match="'captchalab'.*deleted.*doctor --repair"), start_run("mine"):
        pass
    code, said = answer(capsys, "doctor")
    assert code == 1
    assert "FAIL  expected the experiment 'captchalab'" in said and "captchalab doctor --repair" in said
    code, said = answer(capsys, "doctor", "--repair")
    assert "restored the experiment captchalab" in said
    assert client().get_run(run_id).info.lifecycle_stage == "active"
    assert "FAIL" not in answer(capsys, "doctor")[1]


def test_the_dashboard_reads_the_chosen_experiment(empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from captcha_core.registry import promotion
    from dashboard.tracking.run_cache import search_runs

    ids = {name: client().create_run(experiment(name)).info.run_id for name in ("a", "b", promotion.EXPERIMENT)}
    assert {run.info.run_id for run in search_runs(client(), "")} == {ids["a"], ids["b"]}
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "b")
    assert [run.info.run_id for run in search_runs(client(), "")] == [ids["b"]]
