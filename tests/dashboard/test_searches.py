"""A search and its trials: the best so far, which settings mattered, what accuracy costs."""

import random

import pandas as pd
import pytest

from captcha_core.tracking.names import Kind, Tag
from dashboard.tracking.records import RunRecord
from dashboard.tune import search_charts, searches


def _trial(index: int, score: float | None, state: str = "FINISHED", ms: float = 1.0, **params: str) -> RunRecord:
    metrics = {} if score is None else {"best_val_exact_match": score, "latency_p50_ms": ms}
    return RunRecord(
        f"{index:032x}", f"trial{index}", state, index, index + 1, params, metrics, {"mlflow.parentRunId": "p"}
    )


@pytest.fixture
def search() -> searches.Search:
    rng = random.Random(0)
    trials = [
        _trial(index, 0.5 + 0.04 * index, rate=str(index), noise=str(rng.random()), kind="abc"[index % 3])
        for index in range(10)
    ]
    trials.append(_trial(10, None, "FAILED"))
    return searches.Search(RunRecord("p", "search", "FINISHED", 0), tuple(trials))


def test_runs_with_children_are_searches(search: searches.Search) -> None:
    runs = [RunRecord("x", "alone", "FINISHED", 5), search.run, *reversed(search.trials)]
    found = searches.searches(runs)
    assert [one.run.id for one in found] == ["p"]
    assert found[0].trials == search.trials, "oldest first"


def test_an_assessment_and_its_attackers_are_no_search(search: searches.Search) -> None:
    assessment = RunRecord("p", "assess mine", "FINISHED", 0, tags={Tag.KIND: Kind.ASSESS})
    assert searches.searches([assessment, *search.trials]) == []


def test_history_keeps_the_best(search: searches.Search) -> None:
    table = searches.history(searches.Search(search.run, search.trials[::-1]))
    assert table["trial"].to_list() == list(range(2, 12)), "a trial without a score has a number but no dot"
    assert table["best so far"].nunique() == 1


def test_the_setting_that_matters_is_found(search: searches.Search) -> None:
    table = searches.settings(search)
    assert set(table.columns) == {"rate", "noise", "kind", "exact match"}
    important = searches.importance(table, "exact match")
    assert important["setting"].iloc[0] == "rate"
    assert important["importance"].iloc[0] > 3 * important["importance"].iloc[1]


def test_too_few_trials_say_nothing(search: searches.Search) -> None:
    assert searches.importance(searches.settings(search)[:3], "exact match").empty
    nothing = searches.Search(search.run, ())
    assert searches.history(nothing).empty and searches.pareto(nothing).empty and nothing.best is None


def test_the_front_has_what_nothing_beats() -> None:
    trials = (_trial(0, 0.9, ms=1.0), _trial(1, 0.8, ms=2.0), _trial(2, 0.95, ms=2.0), _trial(3, 0.9, ms=1.0))
    table = searches.pareto(searches.Search(RunRecord("p", "s", "FINISHED", 0), trials))
    front = dict(zip(table["name"].str[:6], table["front"], strict=True))
    assert front == {"trial0": True, "trial1": False, "trial2": True, "trial3": True}


def test_failed_trials(search: searches.Search) -> None:
    assert [trial.name for trial in search.failed] == ["trial10"]
    assert search.best is not None and search.best.name == "trial9"


def test_a_search_may_go_by_another_metric() -> None:
    """A search that minimises the loss: the best has the least of it, whatever its exact match."""
    parent = RunRecord("p", "s", "RUNNING", 0, params={"search.objective": "val_loss", "search.direction": "min"})
    trials = tuple(
        RunRecord(
            f"{index}", f"t{index}", "FINISHED", index, metrics={"best_val_loss": loss, "best_val_exact_match": 0.9}
        )
        for index, loss in enumerate((2.0, 0.5, 1.0))
    )
    search = searches.Search(parent, trials)
    assert search.best is not None and search.best.name == "t1" and search.title == "loss"
    assert searches.history(search)["best so far"].to_list() == [2.0, 0.5, 0.5]
    assert [trial.name for trial in search.ranked] == ["t1", "t2", "t0"]


def test_of_equals_the_best_is_the_one_that_the_search_chose() -> None:
    trials = tuple(
        RunRecord(f"{index}", f"t{index}", "FINISHED", index, metrics={
            "best_val_exact_match": 1.0, "best_val_loss": loss, "latency_p50_ms": ms})
        for index, (loss, ms) in enumerate(((0.2, 1.0), (0.1, 2.0), (0.1, 1.0)))
    )  # fmt: skip
    search = searches.Search(RunRecord("p", "s", "FINISHED", 9), trials)
    assert [trial.name for trial in search.ranked] == ["t2", "t1", "t0"]


def test_a_trial_that_failed_is_not_the_best_so_far() -> None:
    trials = (_trial(0, 0.5), _trial(1, 0.9, "FAILED"), _trial(2, 0.6))
    table = searches.history(searches.Search(RunRecord("p", "s", "FINISHED", 9), trials))
    assert table["trial"].to_list() == [1, 3] and table["best so far"].to_list() == [0.5, 0.6]


def test_a_loss_below_one_is_no_percentage() -> None:
    def axis(title: str) -> str | None:
        table = pd.DataFrame({"trial": [1], "name": ["t"], "score": [0.3], "best so far": [0.3]})
        form: str | None = search_charts.search_history(table, title).layout.yaxis.tickformat
        return form

    goes_by = {
        metric: searches.Search(RunRecord("p", "s", "FINISHED", 9, params={"search.objective": metric}), ())
        for metric in ("val_exact_match", "val_character_error_rate", "val_loss")
    }
    assert [one.is_share for one in goes_by.values()] == [True, True, False]
    assert [axis(one.title) is not None for one in goes_by.values()] == [True, True, False]


def test_only_what_the_search_chose_is_a_setting() -> None:
    trials = tuple(
        RunRecord(
            f"{index}", "t", "FINISHED", index,
            params={"space.width": str(width), "space.dropout": drop, "options.filters": f"[{width}]"},
            metrics={"best_val_exact_match": 0.5},
        )
        for index, (width, drop) in enumerate(((8, "None"), (16, "0.1")))
    )  # fmt: skip
    table = searches.settings(searches.Search(RunRecord("p", "s", "FINISHED", 9), trials))
    assert set(table.columns) == {"width", "dropout", "exact match"}
    assert table["width"].to_list() == [8, 16] and table["dropout"].isna().to_list() == [True, False]


def test_full_trainings_are_no_trials() -> None:
    parent = RunRecord("p", "s", "FINISHED", 9, tags={"captchalab.kind": "search", "captchalab.trials": "5"})
    brood = [
        RunRecord(kind, kind, "FINISHED", 1, metrics={"test_exact_match": 0.9}, tags={
            "captchalab.kind": kind, "mlflow.parentRunId": "p"})
        for kind in ("trial", "winner", "default")
    ]  # fmt: skip
    (search,) = searches.searches([parent, *brood])
    assert [trial.name for trial in search.trials] == ["trial"] and search.wanted == 5
    assert searches.decision(search)["training"].to_list() == ["best setting", "default"]
