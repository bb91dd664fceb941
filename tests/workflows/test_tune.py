"""Searches: a parent run with a child for each trial, whatever happens on the way."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from filelock import FileLock

from captcha_core.errors import RegistryError
from captcha_core.training import fit
from captcha_core.training.callbacks import LossNotFinite
from captcha_core.training.checkpoint import Checkpoint
from captcha_core.workflows.plan import plan_training
from captcha_core.workflows.searching.cost import cost_of
from captcha_core.workflows.searching.plan import SearchPlan, plan_search
from captcha_core.workflows.searching.runs import reconcile
from experiments.terminal.options import parse_settings
from tests.conftest import tiny_samples
from tests.workflows.searches import RECIPE, command, parent_of, place, states, there, trials_of, tune

__all__ = ["place", "there"]  # fixtures
ORIGIN = {"mlflow.user", "mlflow.source.name", "mlflow.source.type", "mlflow.source.git.commit"}
TRAIN = "captcha_core.workflows.searching.trial.train"


def on_call(number: int, error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the training of the n-th call from now on fail."""
    calls = []

    def train(*arguments: Any, **named: Any) -> Any:
        calls.append(1)
        if len(calls) == number:
            raise error
        return fit.train(*arguments, **named)

    monkeypatch.setattr(TRAIN, train)


def test_a_search_from_its_trials_to_a_registered_winner(capsys: pytest.CaptureFixture[str]) -> None:
    from captcha_core.solver import Solver
    from captcha_core.tracking.connect import client

    assert (
        tune(
            "--name",
            "whole",
            "--tuner",
            "random",
            "--trials",
            "3",
            "--repeats",
            "1",
            "--bundles",
            "1",
            "--format",
            "json",
        )
        == 0
    )
    found = json.loads(capsys.readouterr().out)
    parent, trials = parent_of("whole"), trials_of("whole")
    assert parent.info.status == "FINISHED"
    assert states("whole") == ["FINISHED"] * 3
    assert found["finished"] == 3
    for run, row in zip(trials, found["table"], strict=True):
        wanted = {
            "best_val_exact_match",
            "best_val_character_error_rate",
            "parameters",
            "model_bytes",
            "latency_p50_ms",
        }
        assert wanted <= set(run.data.metrics)
        assert run.data.metrics["parameters"] == row["parameters"] > 1000
        assert run.data.metrics["model_bytes"] > 1000
        assert run.data.metrics["latency_p50_ms"] > 0
        assert {"space.learning_rate", "space.optimizer", "training.optimizer", "network.options.filters"} <= set(
            run.data.params
        )
        assert run.data.params["space.optimizer"] == run.data.params["training.optimizer"]
        history = client().get_metric_history(run.info.run_id, "val_exact_match")
        assert [one.step for one in history] == [0]
    best = max(found["table"], key=lambda row: (row["best_val_exact_match"], -row["best_val_loss"]))
    assert found["best"] == best["trial"] == parent.data.tags["captchalab.best_trial"]
    assert parent.data.params["search.objective"] == "val_exact_match"
    assert parent.data.params["search.direction"] == "max"
    assert (
        "optimizer" in parent.data.params["space.optimizer.values"]
        or "muon" in parent.data.params["space.optimizer.values"]
    )
    files = {file.path for file in client().list_artifacts(parent.info.run_id, "search")}
    assert {"search/space.json", "search/summary.json", "search/trials.csv"} <= files
    best_run = trials[int(found["best"])].info.run_id
    assert {file.path for file in client().list_artifacts(best_run, "bundle")} >= {"bundle/model.tflite"}
    assert parent.data.tags["captchalab.registered"] == found["final"]["registered"]
    assert "exact match" in parent.data.tags["captchalab.verdict"]
    assert Solver.load("models:/captcha-tiny@challenger")
    roles = client().search_runs([parent.info.experiment_id], "tags.`captchalab.kind` = 'winner'")
    assert [run.info.status for run in roles] == ["FINISHED"]
    for run in (parent, *trials, *roles):
        assert set(run.data.tags) >= ORIGIN, run.info.run_name
        learnt = next(one.dataset for one in run.inputs.dataset_inputs if one.tags[0].value == "training")
        assert learnt.name == "tiny" and run.data.params["data.digest"].startswith(learnt.digest)
    assert parent.data.tags["mlflow.note.content"].startswith("3 trials of image_cnn by the random tuner on tiny (")


@pytest.mark.parametrize("tuner", ["hyperband", "bayesian", "grid"])
def test_each_tuner_searches_and_is_extended(tuner: str) -> None:
    assert tune("--name", tuner, "--tuner", tuner, "--trials", "3") == 0
    before = {run.info.run_id for run in trials_of(tuner)}
    assert command("tune", "--resume", tuner, "--trials", "5", "--repeats", "0", "--bundles", "0") == 0
    assert states(tuner) == ["FINISHED"] * 5
    assert before < {run.info.run_id for run in trials_of(tuner)}, "what was finished stays"


def test_a_setting_that_cannot_work_fails_its_trial_only() -> None:
    grid = ["--tuner", "grid", "--space", "optimizer=adam", "--space", "learning_rate=0.01"]
    assert tune("--name", "small", *grid, "--space", "depth=[3,6]", "--trials", "9") == 0
    good, bad = trials_of("small")
    assert (good.info.status, bad.info.status) == ("FINISHED", "FAILED")
    assert "at least 32 x 32 pixels" in bad.data.tags["captchalab.reason"]
    assert parent_of("small").info.status == "FINISHED"


def test_numbers_that_run_away_are_tried_again_as_often_as_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    on_call(1, LossNotFinite("expected a finite loss, received nan."), monkeypatch)
    assert tune("--name", "nan", "--tuner", "random", "--trials", "2") == 0
    assert states("nan") == ["FAILED", "FINISHED"]
    assert "finite loss" in trials_of("nan")[0].data.tags["captchalab.reason"]
    on_call(1, MemoryError("out of memory"), monkeypatch)
    assert tune("--name", "again", "--tuner", "random", "--trials", "2", "--retries", "1") == 0
    assert states("again") == ["FINISHED"] * 2
    assert "captchalab.reason" not in trials_of("again")[0].data.tags


def test_memory_that_is_short_before_the_training_fails_its_trial_only(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def cost(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise MemoryError("no room for the weights")
        return cost_of(*arguments)

    monkeypatch.setattr("captcha_core.workflows.searching.trial.cost_of", cost)
    assert tune("--name", "wide", "--tuner", "random", "--trials", "2") == 0
    assert states("wide") == ["FAILED", "FINISHED"]
    assert "no room for the weights" in trials_of("wide")[0].data.tags["captchalab.reason"]


def test_a_trial_that_another_process_holds_is_no_full_disk(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("captcha_core.workflows.searching.trial.LOCK_S", 0.1)
    folder = begun("held").trial_folder("0")
    folder.mkdir(parents=True)
    with FileLock(folder / "lock"):
        sentence = fails(capsys, "tune", "--resume", "held", "--repeats", "0")
    assert "another process that holds it" in sentence and "room" not in sentence


def test_a_fault_in_the_code_stops_the_search_with_its_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch:
        on_call(2, TypeError("our own fault"), patch)
        assert tune("--name", "fault", "--tuner", "random", "--trials", "3") == 1
    assert "TypeError: our own fault" in capsys.readouterr().err
    assert parent_of("fault").info.status == "FAILED"
    assert "our own fault" in parent_of("fault").data.tags["captchalab.traceback"]
    assert states("fault") == ["FINISHED", "FAILED"]
    assert "Traceback" in trials_of("fault")[1].data.tags["captchalab.traceback"]
    first = trials_of("fault")[0].info.run_id
    assert command("tune", "--resume", "fault", "--repeats", "0", "--bundles", "0") == 0
    assert states("fault") == ["FINISHED"] * 3
    assert trials_of("fault")[0].info.run_id == first


def test_ctrl_c_leaves_nothing_running_and_a_resume_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        on_call(2, KeyboardInterrupt(), patch)
        assert tune("--name", "stopped", "--tuner", "random", "--trials", "3") == 130
    assert parent_of("stopped").info.status == "KILLED"
    assert states("stopped") == ["FINISHED", "KILLED"]
    assert command("tune", "--resume", "stopped", "--repeats", "0", "--bundles", "0") == 0
    assert states("stopped") == ["FINISHED"] * 3
    assert parent_of("stopped").info.status == "FINISHED"
    assert "captchalab.reason" not in parent_of("stopped").data.tags


def test_limits_make_a_trial_invalid(capsys: pytest.CaptureFixture[str]) -> None:
    assert tune("--name", "limits", "--tuner", "random", "--trials", "2", "--budget-bytes", "1000") == 1
    assert "expected a trial that works, received 2 failures" in capsys.readouterr().err
    assert states("limits") == ["FAILED"] * 2
    assert "at most 1,000 bytes of LiteRT" in trials_of("limits")[0].data.tags["captchalab.reason"]
    assert tune("--name", "slow", "--tuner", "random", "--trials", "1", "--budget-latency-ms", "0.000001") == 1
    assert "ms a captcha" in trials_of("slow")[0].data.tags["captchalab.reason"]


def test_a_full_disk_ends_in_a_sentence_and_loses_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = []
    save = Checkpoint.save

    def full(self: Checkpoint, *arguments: Any) -> None:
        saved.append(1)
        if len(saved) == 2:
            raise OSError(28, "No space left on device")
        save(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "save", full)
        assert tune("--name", "full", "--tuner", "random", "--trials", "3") == 1
    sentence = capsys.readouterr().err.strip().splitlines()[-1]
    assert "No space left on device" in sentence and "--resume full" in sentence
    assert states("full") == ["FINISHED", "KILLED"]
    assert command("tune", "--resume", "full", "--repeats", "0", "--bundles", "0") == 0
    assert states("full") == ["FINISHED"] * 3


def test_a_child_that_is_missing_or_there_twice_is_put_right() -> None:
    from captcha_core.tracking.connect import client

    assert tune("--name", "odd", "--tuner", "random", "--trials", "2") == 0
    parent, (first, second) = parent_of("odd"), trials_of("odd")
    client().delete_run(first.info.run_id)
    client().set_terminated(second.info.run_id, "FAILED")
    kept = ("captchalab.kind", "captchalab.trial", "mlflow.parentRunId")
    tags = {key: second.data.tags[key] for key in kept}
    client().create_run(parent.info.experiment_id, tags=tags)
    assert command("tune", "--resume", "odd", "--repeats", "0", "--bundles", "0") == 0
    assert states("odd") == ["FINISHED"] * 2
    assert trials_of("odd")[0].data.metrics["best_val_exact_match"] == first.data.metrics["best_val_exact_match"]
    assert trials_of("odd")[1].info.run_id == second.info.run_id


def fails(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert command(*words) == 1
    sentence = capsys.readouterr().err.strip().splitlines()[-1]
    assert sentence.startswith("Error: expected"), sentence
    return sentence


def test_what_cannot_be_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert tune("--name", "asked", "--tuner", "random", "--trials", "1") == 0
    data = ["tune", "--data", "data/tiny", "--network", "image_cnn"]
    assert "which is taken" in fails(capsys, *data, "--name", "asked")
    assert "received 'val_beauty', which no training measures" in fails(capsys, *data, "--objective", "val_beauty")
    assert "at least one value for width" in fails(capsys, *data, "--space", "width=[]")
    assert "received 'deepth'" in fails(capsys, *data, "--space", "deepth=3")
    assert "for image captchas" in fails(capsys, *data[:3], "--network", "audio_ctc")
    assert "expected a tuner of" in fails(capsys, *data, "--tuner", "anneal", "--name", "odd-tuner")
    assert not Path("runs/search-odd-tuner").exists(), "the name is still free"
    assert "received 'nothing'" in fails(capsys, "tune", "--resume", "nothing")
    resume = ["tune", "--resume", "asked"]
    assert "the preset of the search asked" in fails(capsys, *resume, "--preset", "digits4")
    assert "the space of the search asked" in fails(capsys, *resume, "--space", "width=16")
    assert "the tuner of the search asked" in fails(capsys, *resume, "--tuner", "grid")
    assert "received none" in fails(capsys, "tune")
    assert "--minutes or --epochs for a trial, received both" in fails(capsys, *data, "--minutes", "1", "--epochs", "2")


def begun(name: str) -> SearchPlan:
    """A search that is written down and has run nothing."""
    base = plan_training(data="data/tiny", network="image_cnn", settings=parse_settings(RECIPE.split()))
    plan = plan_search(base, name=name, tuner="random", trials=1)
    plan.save()
    return plan


def test_a_resume_does_not_pass_over_what_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    resume = ["tune", "--resume", begun("written").name]
    assert "the limits of the search written" in fails(capsys, *resume, "--budget-bytes", "5000")
    assert "the retries of the search written" in fails(capsys, *resume, "--retries", "2")
    assert "the registered model of the search written" in fails(capsys, *resume, "--registered", "captcha-other")
    assert "the evaluation of the search written" in fails(capsys, *resume, "--test-samples", "7")
    assert "expected no --set beside --resume, received 'ema=0'" in fails(capsys, *resume, "--set", "ema=0")


def test_nothing_to_compare_on_is_said_before_the_trials(capsys: pytest.CaptureFixture[str]) -> None:
    from captcha_core.dataset.in_memory import write_samples
    from captcha_core.dataset.store import Dataset

    spec = Dataset.open("data/tiny").spec
    write_samples(Path("data/untested"), spec, tiny_samples(40, seed=4), "browser", "0.8/0.2/0")
    sentence = fails(capsys, "tune", "--data", "data/untested", "--network", "image_cnn", "--name", "untested")
    assert "expected labelled samples in the test split of" in sentence
    assert not Path("runs/search-untested").exists()


def test_a_search_of_any_folder_gets_a_name() -> None:
    shutil.copytree("data/tiny", "data/ada's (1)")
    base = plan_training(data="data/ada's (1)", network="image_cnn", settings=parse_settings(RECIPE.split()))
    assert plan_search(base, tuner="random", trials=1).name == "ada-s--1--random-1"


def test_a_server_that_goes_while_children_are_put_right_is_said() -> None:
    from captcha_core.tracking.runs import begin_run

    class Leaving:
        """An outbox whose server is there at first."""

        path, trouble, flushed = Path("outbox-main.sqlite"), "no route", [True, False]

        def flush(self, patience_s: float) -> bool:
            return self.flushed.pop(0)

        def begin(self, *_: Any) -> Any:
            return SimpleNamespace(params=lambda values: None, end=lambda *_: None)

    plan = begun("left")
    plan = replace(plan, run_id=begin_run(plan.uid, plan.name, {}))
    trial = SimpleNamespace(trial_id="0", status="FAILED", message="no", hyperparameters=SimpleNamespace(values={}))
    with pytest.raises(RegistryError, match="received: no route; nothing is lost, go on with .* --resume left"):
        reconcile(plan, SimpleNamespace(ended=[trial]), Leaving())  # type: ignore[arg-type]


def test_fewer_trials_than_before_and_two_at_once_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert tune("--name", "once", "--tuner", "random", "--trials", "2") == 0
    assert "at least the 2 trials" in fails(capsys, "tune", "--resume", "once", "--trials", "1")
    with FileLock("runs/search-once/lock"):
        assert "another process is running" in fails(capsys, "tune", "--resume", "once")


def test_the_network_can_be_a_dimension() -> None:
    words = ["--network", "image_ctc", "--space", "image_ctc.recurrent=0", "--space", "image_ctc.dense=64"]
    assert tune("--name", "both", "--tuner", "grid", "--trials", "2", *words, "--space", "optimizer=adam",
                "--space", "learning_rate=0.01") == 0  # fmt: skip
    assert [run.data.params["network.name"] for run in trials_of("both")] == ["image_cnn", "image_ctc"]


@pytest.mark.parametrize("damaged", ["last/progress.json", "best-0.npz"])
def test_a_trial_whose_checkpoint_is_damaged_begins_anew(monkeypatch: pytest.MonkeyPatch, damaged: str) -> None:
    name = f"torn-{damaged[:4]}"
    with monkeypatch.context() as patch:
        on_call(2, KeyboardInterrupt(), patch)
        assert tune("--name", name, "--tuner", "random", "--trials", "2") == 130
    whole, torn = (Path(f"runs/search-{name}/trials/{trial}/checkpoint") for trial in ("0000", "0001"))
    shutil.copytree(whole, torn)
    (torn / damaged).write_bytes(b"")  # as a power cut may leave it
    assert command("tune", "--resume", name, "--repeats", "0", "--bundles", "0") == 0
    assert states(name) == ["FINISHED"] * 2
