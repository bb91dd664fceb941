"""A project folder that was moved or copied: said in a sentence, and mended by doctor --repair."""

import shutil
from pathlib import Path

import pytest

from captcha_core.bundle.bundle import Bundle
from captcha_core.errors import ModelError, RegistryError, SpecError
from captcha_core.registry.lookup import open_registry
from captcha_core.registry.moved import moved
from captcha_core.registry.versions import register
from captcha_core.solver import Solver
from captcha_core.tracking.connect import client, connect, disconnect, experiment
from captcha_core.tracking.runs import start_run
from captcha_core.workflows.plan import plan_training, recorded_path
from captcha_core.workflows.resume import resume_training
from tests.conftest import tiny_samples
from tests.strangers.test_experiments import answer
from tests.workflows.searches import draw

MODEL = "models:/captcha-tiny/1"


def registered(bundle: Path) -> None:
    with start_run("registering") as run:
        register(run, Bundle.open(bundle), "captcha-tiny")


@pytest.fixture
def before(empty_folder: Path, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a registered model."""
    folder = empty_folder / "before"
    folder.mkdir()
    use(folder, monkeypatch)
    registered(tiny_bundle)
    return folder


def use(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/mlflow.db")
    disconnect()
    connect()


def location() -> str:
    return open_registry().by_version("captcha-tiny", "1").location


@pytest.mark.parametrize("how", ["moved", "copied"])
def test_the_new_place_is_written_into_the_database(
    before: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    after = before.parent / "af ter"
    (shutil.move if how == "moved" else shutil.copytree)(str(before), str(after))
    use(after, monkeypatch)
    if how == "moved":
        with pytest.raises(RegistryError, match="no such folder; if the project was moved .*doctor --repair"):
            Solver.load(MODEL)
    code, said = answer(capsys, "doctor")
    assert code == 1
    assert f"received them in {after / 'mlartifacts'}" in said and "captchalab doctor --repair" in said
    code, said = answer(capsys, "doctor", "--repair")
    assert "wrote the new place of the artifacts" in said
    assert moved() == []
    assert Solver.load(MODEL).solve(tiny_samples(1)[0].media).text
    assert "/af%20ter/mlartifacts/" in location()
    assert "/af%20ter/mlartifacts" in client().get_experiment(experiment()).artifact_location, "new runs go there, too"
    (run,) = client().search_runs([experiment()])
    assert "/af%20ter/mlartifacts/" in run.info.artifact_uri


def test_files_that_are_nowhere_fail_and_nothing_is_changed(
    before: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    after = before.parent / "after"
    shutil.move(str(before), str(after))
    shutil.rmtree(after / "mlartifacts")
    use(after, monkeypatch)
    was = location()
    code, said = answer(capsys, "doctor", "--repair")
    assert code == 1 and "put mlartifacts beside mlflow.db" in said
    assert location() == was


def test_artifacts_that_are_elsewhere_on_purpose_stay(
    before: Path, monkeypatch: pytest.MonkeyPatch, tiny_bundle: Path
) -> None:
    """Another project's folder, looked at with this one's database."""
    other = before.parent / "other"
    other.mkdir()
    use(other, monkeypatch)
    registered(tiny_bundle)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{before}/mlflow.db")
    assert moved() == []


def test_a_folder_moved_before_its_first_run_logs_where_it_is(
    empty_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before, after = empty_folder / "before", empty_folder / "after"
    before.mkdir()
    use(before, monkeypatch)
    experiment()
    before.rename(after)
    use(after, monkeypatch)
    assert answer(capsys, "doctor")[0] == 1
    answer(capsys, "doctor", "--repair")
    assert client().get_experiment(experiment()).artifact_location == (after / "mlartifacts").as_uri()


def test_a_training_goes_on_in_the_new_place(empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, after, run_id = empty_folder / "before", empty_folder / "after", "0" * 32
    before.mkdir()
    monkeypatch.chdir(before)
    draw(before, 40)
    (before / "runs" / run_id).mkdir(parents=True)
    plan_training(data=before / "data" / "tiny").save(run_id)
    before.rename(after)
    monkeypatch.chdir(after)
    assert resume_training(run_id).training_data().source.where == str(after / "data" / "tiny")
    Path("data/tiny").rename(empty_folder / "tiny")
    with pytest.raises(ModelError, match=rf"{run_id} learns from in data/tiny, .*no such folder; .* --data DIR"):
        resume_training(run_id)
    assert resume_training(run_id, data="../tiny").data == "../tiny"
    other = empty_folder / "other"
    other.mkdir()
    monkeypatch.chdir(other)
    draw(other, 60)
    monkeypatch.chdir(after)
    with pytest.raises(ModelError, match="received others"):
        resume_training(run_id, data=str(other / "data" / "tiny"))
    with pytest.raises(SpecError, match="no data for 0000"):
        resume_training(run_id, letters="letters")


def test_plans_name_what_is_in_the_project_by_its_place_there(empty_folder: Path) -> None:
    outside = empty_folder.parent / "outside"
    Path("data").mkdir()
    Path("data/linked").symlink_to(outside)
    assert recorded_path("data/../data/tiny") == recorded_path(str(empty_folder / "data/tiny")) == "data/tiny"
    assert recorded_path("data/linked") == "data/linked"
    assert recorded_path("../outside") == str(outside)
    assert recorded_path("") == ""
