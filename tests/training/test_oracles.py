"""Keras Tuner's oracles under kills: no trial lost, none doubled, the same choices as without."""

import os
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from captcha_core.errors import SpecError
from captcha_core.models.space import Choice, Range, SearchSpace, Space
from captcha_core.training.search.objective import Objective
from captcha_core.training.search.oracles import TUNERS, make_oracle, values_of

SPACE = SearchSpace.of(
    {
        "one": Space({"width": Choice((4, 8, 16)), "shape": Choice(((1, 2), (2, 1))), "norm": Choice((True, False))},
                     {"rate": Range(1e-3, 1e-1, log=True)}),
        "two": Space({"width": Choice((4, 8, 16)), "depth": Choice((1, 2))}, {"rate": Range(1e-3, 1e-1, log=True)}),
    },
    {},
)  # fmt: skip
TRIALS = 7


def oracle(tuner: str, folder: Path, trials: int = TRIALS, retries: int = 0) -> Any:
    return make_oracle(tuner, SPACE, Objective.named("val_exact_match"), 3, retries, folder, trials)


def score(values: dict[str, Any]) -> float:
    return 1 / (1 + abs(values["rate"] - 0.02) * 50 + abs(values["width"] - 8) / 8)


def finish(mine: Any, trial: Any, status: str = "COMPLETED") -> None:
    if status == "COMPLETED":
        mine.update_trial(trial.trial_id, {"val_exact_match": score(values_of(SPACE, trial.hyperparameters))})
    trial.status = status
    mine.end_trial(trial)


def search(mine: Any) -> None:
    while (trial := mine.create_trial("me")).status == "RUNNING":
        finish(mine, trial)


def seen(mine: Any) -> dict[str, dict[str, Any]]:
    return {trial.trial_id: dict(trial.hyperparameters.values) for trial in mine.ended}


@pytest.mark.parametrize("tuner", [name for name in TUNERS if name != "grid"])
def test_the_first_trial_is_the_one_that_is_asked_for(tuner: str, tmp_path: Path) -> None:
    first = {"network": "one", "width": 16, "one.shape": (2, 1), "one.norm": False, "rate": 0.02}
    make = partial(make_oracle, tuner, SPACE, Objective.named("val_exact_match"), 3, 0, tmp_path, TRIALS)
    trial = make(first).create_trial("me")
    assert values_of(SPACE, trial.hyperparameters) == {**first, "one.shape": [2, 1]}
    again = make(first)  # killed while it ran
    assert again.create_trial("me").hyperparameters.values == trial.hyperparameters.values
    finish(again, trial)
    search(again)
    tried = [tuple(sorted(map(str, values_of(SPACE, one.hyperparameters).items()))) for one in again.ended]
    assert len(tried) == TRIALS and (tuner == "hyperband" or len(set(tried)) == TRIALS)


@pytest.mark.parametrize("tuner", TUNERS)
def test_a_kill_at_every_step_changes_nothing(tuner: str, tmp_path: Path) -> None:
    whole = oracle(tuner, tmp_path / "whole")
    search(whole)
    assert len(seen(whole)) == TRIALS
    runs: dict[str, int] = {}
    while True:
        before = oracle(tuner, tmp_path / "cut")  # killed while the trial ran
        trial = before.create_trial("me")
        if trial.status != "RUNNING":
            break
        again = oracle(tuner, tmp_path / "cut").create_trial("me")
        assert (again.trial_id, again.hyperparameters.values) == (trial.trial_id, trial.hyperparameters.values)
        mine = oracle(tuner, tmp_path / "cut")
        same = mine.create_trial("me")
        assert same.trial_id == trial.trial_id
        runs[same.trial_id] = runs.get(same.trial_id, 0) + 1
        finish(mine, same)  # killed right behind it
    assert seen(oracle(tuner, tmp_path / "cut")) == seen(whole)
    assert set(runs.values()) == {1}, "no finished trial is run again"


@pytest.mark.parametrize("tuner", TUNERS)
def test_a_finished_search_is_extended(tuner: str, tmp_path: Path) -> None:
    search(oracle(tuner, tmp_path, 4))
    first = seen(oracle(tuner, tmp_path, 4))
    longer = oracle(tuner, tmp_path, 9)
    search(longer)
    assert len(seen(longer)) == 9
    assert first.items() <= seen(longer).items()


def test_a_grid_goes_through_everything_once(tmp_path: Path) -> None:
    space = SearchSpace.of({"one": Space({"width": Choice((4, 8, 16)), "shape": Choice(((1, 2), (2, 1)))}, {})}, {})
    for _ in range(20):  # a process for each trial
        mine = make_oracle("grid", space, Objective(), 0, 0, tmp_path, 100)
        trial = mine.create_trial("me")
        if trial.status == "RUNNING":
            mine.update_trial(trial.trial_id, {"val_exact_match": 0.5})
            trial.status = "COMPLETED"
            mine.end_trial(trial)
    tried = [str(values_of(space, trial.hyperparameters)) for trial in mine.ended]
    assert len(tried) == len(set(tried)) == space.size == 6


@pytest.mark.parametrize("tuner", TUNERS)
def test_many_failures_in_a_row_do_not_end_it(tuner: str, tmp_path: Path) -> None:
    mine = oracle(tuner, tmp_path)
    for _ in range(6):
        finish(mine, mine.create_trial("me"), "FAILED")
    search(mine)
    assert len(mine.ended) == TRIALS


def test_bad_luck_is_tried_again_as_often_as_asked(tmp_path: Path) -> None:
    mine = oracle("random", tmp_path, retries=2)
    names = []
    for _ in range(3):
        trial = mine.create_trial("me")
        names.append(trial.trial_id)
        finish(mine, trial, "INVALID")
        mine = oracle("random", tmp_path, retries=2)
    assert len(set(names)) == 1
    assert [trial.status for trial in mine.ended] == ["FAILED"]


def test_a_worker_that_dies_loses_its_trial_only(tmp_path: Path) -> None:
    mine = oracle("random", tmp_path)
    lost, kept = mine.create_trial("a"), mine.create_trial("b")
    assert mine.lose("a") == lost.trial_id
    assert mine.waiting == 1
    assert mine.create_trial("c").trial_id == lost.trial_id, "another gets it"
    finish(mine, kept)
    assert mine.lose("c") == lost.trial_id
    assert [trial.status for trial in mine.ended] == ["FAILED", "COMPLETED"], "a trial that kills twice has failed"
    assert "death" in mine.ended[0].message


def test_a_grid_hands_out_as_many_trials_as_there_are_workers(tmp_path: Path) -> None:
    mine = oracle("grid", tmp_path)
    begun = [mine.create_trial(worker) for worker in "abcd"]
    assert [trial.status for trial in begun] == ["RUNNING"] * 4, "none waits for another's end"
    for trial in begun[::-1]:
        finish(mine, trial)
    search(mine)
    alone = oracle("grid", tmp_path / "alone")
    search(alone)
    assert seen(mine) == seen(alone), "the same combinations as of one worker, each once"


def test_the_late_word_of_a_worker_that_was_given_up_counts_once(tmp_path: Path) -> None:
    mine = oracle("random", tmp_path)
    trial = mine.create_trial("a")
    assert mine.lose("a") == trial.trial_id
    finish(mine, trial)  # it had asked before it died, and is heard only now
    assert mine.waiting == 0
    assert mine.create_trial("b").trial_id != trial.trial_id, "what has ended is not run again"
    again = oracle("random", tmp_path)
    search(again)
    assert [one.status for one in again.ended] == ["COMPLETED"] * TRIALS


def test_a_full_disk_is_noticed_and_the_old_state_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = oracle("random", tmp_path)
    finish(mine, mine.create_trial("me"))

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        mine.create_trial("me")
    assert mine.fault.errno == 28
    assert len(oracle("random", tmp_path).ended) == 1


def test_an_unknown_tuner_names_the_known(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="hyperband, bayesian, random, grid, received 'anneal'"):
        oracle("anneal", tmp_path)
