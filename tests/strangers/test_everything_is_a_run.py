"""Evaluations, comparisons and drawings are MLflow runs with parameters, figures and data; stdout is JSON alone."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from captcha_core.bundle.bundle import Bundle
from captcha_core.registry.versions import register
from captcha_core.tracking.connect import client, experiment
from captcha_core.tracking.runs import begin_run, start_run
from captcha_core.workflows.plan import plan_training
from captcha_core.workflows.searching.plan import plan_search
from experiments.cli import main
from tests.workflows.searches import command, draw


def only(kind: str) -> Any:
    (run,) = client().search_runs([experiment()], f"tags.`captchalab.kind` = '{kind}'")
    return run


def inputs(run: Any) -> dict[str, str]:
    return {one.tags[0].value: one.dataset.name for one in run.inputs.dataset_inputs}


def as_json(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    capsys.readouterr()
    with pytest.raises(SystemExit) as stop:
        main([*words, "--format", "json"])
    assert not stop.value.code
    return json.loads(capsys.readouterr().out)


def test_evaluate_compare_and_generate(
    empty_folder: Path, tiny_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draw(empty_folder)
    with start_run("registering") as run:
        for _ in range(2):
            register(run, Bundle.open(tiny_bundle), "captcha-tiny")
    models = ["models:/captcha-tiny/1", "models:/captcha-tiny/2"]
    printed = as_json(capsys, "evaluate", "--model", models[0], "--data", "data/tiny")
    found = only("evaluate")
    assert found.data.metrics["test_exact_match"] == printed["exact_match"]
    assert found.data.params["model.version"] == "1" and found.data.params["data.digest"] == printed["digest"]
    assert inputs(found) == {"evaluation": "tiny"} and found.info.status == "FINISHED"
    as_json(capsys, "compare", *models, "--data", "data/tiny")
    found = only("compare")
    assert found.data.params["models.2"] == models[1] and inputs(found) == {"evaluation": "tiny"}
    assert {"exact_match_1", "exact_match_2", "p_value_2"} <= set(found.data.metrics)
    as_json(capsys, "generate", "--scheme", "digits4", "--count", "20", "--out", "data/drawn")
    found = only("generate")
    assert found.data.params["drawing.scheme"] == "digits4" and found.data.params["drawing.count"] == "20"
    assert found.data.metrics["samples"] == 20 and inputs(found) == {"generated": "drawn"}


def test_a_resumed_search_keeps_how_it_was_to_end(empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from captcha_core.workflows.searching import run as module

    draw(empty_folder)
    seen: list[tuple[int, int]] = []

    def stop(plan: Any, options: Any, *_: Any) -> None:
        seen.append((options.repeats, options.bundles))
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "_search", stop)
    words = ["tune", "--data", "data/tiny", "--name", "mine", "--trials", "2", "--minutes", "1"]
    assert command(*words, "--repeats", "0", "--bundles", "1") == 130
    assert command("tune", "--resume", "mine") == 130
    assert command("tune", "--resume", "mine", "--repeats", "3") == 130
    assert seen == [(0, 1), (0, 1), (3, 1)]


def test_a_run_that_a_server_takes_later_is_of_the_process_that_began_it(
    empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a killed search left is sent by another command of perhaps another user."""
    draw(empty_folder)
    plan = plan_search(plan_training(data="data/tiny"), tuner="random", trials=1)
    plan = replace(plan, run_id=begin_run("parent", "search", {}))
    monkeypatch.setenv("MLFLOW_RUN_CONTEXT", json.dumps({"mlflow.user": "ada", "mlflow.source.name": "tune"}))
    began = plan.child_tags("trial")
    monkeypatch.delenv("MLFLOW_RUN_CONTEXT")
    tags = client().get_run(begin_run("key", "trial", began)).data.tags
    assert (tags["mlflow.user"], tags["mlflow.source.name"]) == ("ada", "tune")
    assert tags["mlflow.source.type"] == "LOCAL"


def test_a_description_that_somebody_wrote_stays(empty_folder: Path) -> None:
    with start_run("first") as run:
        run.note("ours")
        assert client().get_run(run.id).data.tags["mlflow.note.content"] == "ours"
        run.tags({"mlflow.note.content": "mine"})
    with start_run("again", run_id=run.id) as again:
        again.note("ours")
    assert client().get_run(run.id).data.tags["mlflow.note.content"] == "mine"
