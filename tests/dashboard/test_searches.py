"""A search and its trials: the best so far, which settings mattered, what accuracy costs."""

import random

import pytest

from dashboard import searches
from dashboard.records import RunRecord


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


def test_history_keeps_the_best(search: searches.Search) -> None:
    table = searches.history(searches.Search(search.run, search.trials[::-1]))
    assert table["trial"].to_list() == list(range(2, 12)), "a trial without a score has a number but no dot"
    assert table["best so far"].nunique() == 1


def test_the_setting_that_matters_is_found(search: searches.Search) -> None:
    table = searches.settings(search)
    assert set(table.columns) == {"rate", "noise", "kind", "exact match"}
    important = searches.importance(table)
    assert important["setting"].iloc[0] == "rate"
    assert important["importance"].iloc[0] > 3 * important["importance"].iloc[1]


def test_too_few_trials_say_nothing(search: searches.Search) -> None:
    assert searches.importance(searches.settings(search)[:3]).empty
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
