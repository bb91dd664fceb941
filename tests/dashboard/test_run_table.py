"""Which runs a search lets through, and the table of them."""

import pytest

from dashboard.runs import table as run_table
from dashboard.tracking.records import RunRecord


def _run(run_id: str, **fields) -> RunRecord:  # type: ignore[no-untyped-def]
    return RunRecord(
        id=run_id * 32, name=fields.pop("name", "run"), state=fields.pop("state", "FINISHED"), start_ms=0, **fields
    )


@pytest.mark.parametrize(
    "text",
    [
        "metrics.loss < 0.1",
        "params.network = 'image_cnn'",
        "tags.mlflow.user LIKE 'a%'",
        "status = 'FINISHED' and metrics.x > 1",
        'metric."val exact" >= 0.5',
        "params.`a b` = '1'",
        "run_id IN ('abc')",
        "tags.note IS NULL",
    ],
)
def test_filters_are_told_from_words(text: str) -> None:
    assert run_table.is_filter(text)


@pytest.mark.parametrize("text", ["", "nthu6", "learning_rate=0.002", "metrics", "status", "params.network", "a < b"])
def test_words_are_told_from_filters(text: str) -> None:
    assert not run_table.is_filter(text)


def test_words_are_looked_for_everywhere() -> None:
    runs = [
        _run("a", name="first", params={"network": "image_cnn", "training.learning_rate": "0.01"}),
        _run("b", tags={"mlflow.note.content": "The GOOD one", "colour": "red"}),
    ]
    assert [run.id[0] for run in run_table.with_words(runs, "")] == ["a", "b"]
    assert [run.id[0] for run in run_table.with_words(runs, "image_cnn learning_rate=0.01")] == ["a"]
    assert [run.id[0] for run in run_table.with_words(runs, "good")] == ["b"]
    assert [run.id[0] for run in run_table.with_words(runs, "colour=red")] == ["b"]
    assert run_table.with_words(runs, "bbbb first") == []


def test_children_fold_under_a_parent_that_is_there() -> None:
    runs = [
        _run("a"),
        _run("b", tags={"mlflow.parentRunId": "a" * 32}),
        _run("c", tags={"mlflow.parentRunId": "x" * 32}),
    ]
    assert [run.id[0] for run in run_table.folded(runs)] == ["a", "c"]
    table = run_table.table(run_table.folded(runs), runs, (), 1000.0)
    assert table["children"].to_list()[0] == 1


def test_the_table_counts_the_best_epoch_and_sorts_numbers_as_numbers() -> None:
    runs = [
        _run("a", metrics={"best_val_exact_match": 0.9, "val_exact_match": 0.5}, params={"size": "9"}, end_ms=200_000),
        _run("b", metrics={"val_exact_match": 0.5}, params={"size": "10"}, state="RUNNING"),
    ]
    table = run_table.table(runs, runs, ["param size", "metric val_exact_match"], 7_200_000.0)
    assert table["best validation"].to_list() == [90.0, 50.0]
    assert table["duration"].to_list() == ["0:03:20", "2:00:00"]
    assert table["size"].to_list() == [9, 10]
    assert table["val_exact_match"].to_list() == [0.5, 0.5]
    assert "note" not in table, "a column that says nothing is left out"


def test_columns_that_differ_are_offered_first() -> None:
    runs = [_run("a", params={"x": "1", "y": "1"}), _run("b", params={"x": "1", "y": "2"})]
    assert run_table.column_choices(runs) == ["param y", "param x"]


def test_own_tags_are_columns_too() -> None:
    runs = [_run("a", tags={"owner": "ana", "mlflow.user": "x"}), _run("b", tags={})]
    assert "tag owner" in run_table.column_choices(runs) and "tag mlflow.user" not in run_table.column_choices(runs)
    frame = run_table.table(runs, runs, ["tag owner"], 0.0)
    assert list(frame["owner"]) == ["ana", ""]
