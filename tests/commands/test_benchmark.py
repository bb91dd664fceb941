"""The benchmark command finds every suite and refuses what it does not know."""

from importlib import import_module

import pytest

from experiments.cli import main
from experiments.commands.benchmark import SUITES


@pytest.mark.parametrize("suite", SUITES)
def test_every_suite_is_there(suite: str) -> None:
    assert callable(import_module(f"experiments.benchmarks.{suite}").run)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["fly"], "expected a suite of ablation, audio"),
        (["writing", "--set", "counts=3"], "received 'counts'"),
        (["inference"], "--set model="),
    ],
)
def test_what_is_not_known_is_refused(arguments: list[str], part: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["benchmark", *arguments])
    assert stop.value.code == 1
    assert part in capsys.readouterr().err


def test_training_is_scored_on_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    import json

    arguments = ["networks=[image_ctc]", "minutes=0.02", "held_out=20"]
    with pytest.raises(SystemExit) as stop:
        main(["benchmark", "training", *(word for pair in arguments for word in ("--set", pair)), "--format", "json"])
    assert not stop.value.code
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert row["n"] == 20
    assert row["samples_per_s"] > 0
