"""Runs beside one another: what differs, what may be compared, who read what."""

import numpy as np
import pandas as pd
import pytest

from dashboard.compare import comparison
from dashboard.tracking.records import RunRecord


def _run(letter: str, name: str = "run", **params: str) -> RunRecord:
    return RunRecord(id=letter * 32, name=name, state="FINISHED", start_ms=0, params=params)


def _predictions(reads: str, ids: str = "abcd") -> pd.DataFrame:
    """Samples whose text is 1, each read as given."""
    return pd.DataFrame(
        {"id": list(ids), "path": [f"{one}.png" for one in ids], "text": "1", "read": list(reads), "confidence": 0.9}
    )


def test_names_tell_equal_ones_apart() -> None:
    runs = [_run("a", "x"), _run("b", "x"), _run("c", "y")]
    assert list(comparison.names_of(runs).values()) == ["x aaaaaa", "x bbbbbb", "y"]


def test_parameters_side_by_side() -> None:
    runs = [_run("a", "x", rate="1", same="s"), _run("b", "y", rate="2", same="s", more="m")]
    assert comparison.parameters(runs, only_different=False).index.to_list() == ["more", "rate", "same"]
    different = comparison.parameters(runs, only_different=True)
    assert different.to_dict() == {"x": {"more": "", "rate": "1"}, "y": {"more": "m", "rate": "2"}}
    assert comparison.varied(runs) == ["more", "rate"]


def test_cautions() -> None:
    a, b = _run("a", **{"data.digest": "1"}), _run("b", **{"data.digest": "1"})
    same = {a.id: _predictions("1111"), b.id: _predictions("1110")}
    assert comparison.cautions([a, b], same) == []
    other = {a.id: _predictions("1111"), b.id: _predictions("1110", "abcx")}
    assert "different samples" in comparison.cautions([a, b], other)[0]
    c = _run("c", **{"data.digest": "2", "spec.alphabet": "01"})
    found = comparison.cautions([a, c], {a.id: same[a.id], c.id: same[b.id]})
    assert "digests differ" in found[0] and "specifications differ" in found[1]


def test_pairs_are_joined_by_content() -> None:
    pair = comparison.pair(_predictions("1101", "abcd"), _predictions("1001", "bcdx"))
    assert pair.table["id"].to_list() == ["b", "c", "d"]
    assert (pair.test.gained, pair.test.lost) == (0, 1)


def test_what_only_one_reads() -> None:
    pair = comparison.pair(_predictions("1100"), _predictions("1010"))
    assert pair.only("a")["id"].to_list() == ["b"]
    assert pair.only("b")["id"].to_list() == ["c"]


@pytest.mark.parametrize(
    ("a", "b", "sentence"),
    [
        ("1" * 4, "1" * 4, "read exactly the same"),
        ("1" * 4, "1110", "No difference can be shown"),
    ],
)
def test_the_verdict_in_words(a: str, b: str, sentence: str) -> None:
    pair = comparison.pair(_predictions(a), _predictions(b))
    assert sentence in comparison.verdict_words(pair.test, pair.difference, "A", "B")


def test_a_real_difference_names_who_is_ahead() -> None:
    ids = [f"{index:03d}" for index in range(40)]
    a = pd.DataFrame({"id": ids, "path": "", "text": "1", "read": ["0"] * 20 + ["1"] * 20, "confidence": 0.5})
    b = a.assign(read="1")
    pair = comparison.pair(a, b)
    assert comparison.verdict_words(pair.test, pair.difference, "A", "B").startswith(
        "B reads more than A: 50.00 points"
    )


def test_nothing_in_common() -> None:
    pair = comparison.pair(_predictions("1111", "abcd"), _predictions("1111", "wxyz"))
    assert "nothing can be said" in comparison.verdict_words(pair.test, pair.difference, "A", "B")


def test_confusions_are_shares_of_what_is_there() -> None:
    table = pd.DataFrame({"character": ["1", "1", "", "2"], "read": ["1", "7", "7", ""], "count": [3, 1, 2, 5]})
    characters = comparison.characters_in([table])
    assert characters == ["1", "2", "7"]
    matrix = comparison.confusion_matrix(table, characters)
    assert matrix[0].tolist() == [0.75, 0, 0.25, 0]
    assert matrix[1].tolist() == [0, 0, 0, 1.0], "left out"
    assert matrix[3].tolist() == [0, 0, 2 / 9, 0], "made up: two for the nine characters that are there"
    assert np.all(matrix[2] == 0), "a character that never occurs has no share"


def test_the_largest_differences_come_first() -> None:
    first = np.array([[0.9, 0.1, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    second = np.array([[0.6, 0.1, 0.3], [0.2, 0.8, 0.0], [0.0, 0.0, 0.0]])
    table = comparison.largest_differences(first, second, ["1", "7"])
    assert table["mistake"].to_list() == ["1 left out", "7 read as 1"], "what is read right is no mistake"
    assert table[["first", "second"]].to_numpy().tolist() == [[0.0, 0.3], [0.0, 0.2]]


def test_figures_leave_out_what_nobody_has() -> None:
    run = RunRecord("a" * 32, "x", "FINISHED", 0, metrics={"test_exact_match": 0.5})
    assert comparison.figures([run]).columns.to_list() == ["exact match"]


def test_groups_by_a_parameter_have_a_mean_and_a_spread_over_seeds() -> None:
    runs = [
        RunRecord(f"{index}", "r", "FINISHED", 0, params={"training.learning_rate": rate, "training.seed": f"{index}"},
                  metrics={"test_exact_match": share})
        for index, (rate, share) in enumerate((("0.01", 0.8), ("0.002", 0.5), ("0.01", 0.9)))
    ]  # fmt: skip
    groups = comparison.grouped_by(runs, "training.learning_rate")
    assert list(groups) == ["0.002", "0.01"], "numbers in their order"
    table = comparison.of_groups(groups).set_index("group")
    assert table.loc["0.01", "mean"] == pytest.approx(0.85) and table.loc["0.01", "spread"] == pytest.approx(
        0.0707, abs=1e-3
    )
    assert table.loc["0.002", "runs"] == 1 and pd.isna(table.loc["0.002", "spread"])


def test_the_mean_course_counts_the_runs_that_got_so_far() -> None:
    def history(*values: float) -> pd.DataFrame:
        rows = [("loss", step, 0, value) for step, value in enumerate(values)]
        return pd.DataFrame(rows, columns=["metric", "step", "time_ms", "value"])

    course = comparison.mean_course([history(1.0, 0.5), history(3.0)], "loss")
    assert list(course["mean"]) == [2.0, 0.5] and list(course["runs"]) == [2, 1]
    assert course["low"][1] == course["high"][1] == 0.5
