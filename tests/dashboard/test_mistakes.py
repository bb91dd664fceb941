"""What was read wrong, grouped by what was taken for what."""

import pandas as pd

from dashboard.mistakes import page as mistakes

PREDICTIONS = pd.DataFrame(
    {
        "id": list("abcd"),
        "path": list("abcd"),
        "text": ["12", "12", "34", "56"],
        "read": ["12", "17", "3", "656"],
        "confidence": [0.9, 0.5, 0.8, 0.7],
    }
)


def test_the_surest_mistakes_come_first() -> None:
    wrong = mistakes.wrong_ones(PREDICTIONS)
    assert wrong["id"].to_list() == ["c", "d", "b"]
    assert wrong["kinds"].to_list() == [("4 left out",), ("6 made up",), ("2 read as 7",)]


def test_kinds_are_counted_once_a_sample() -> None:
    assert mistakes.kinds("111", "777") == ("1 read as 7",)
    wrong = mistakes.wrong_ones(pd.concat([PREDICTIONS, PREDICTIONS.assign(text="22", read="77")]))
    assert mistakes.by_pair(wrong).iloc[0].to_dict() == {"mistake": "2 read as 7", "count": 5}


def test_search() -> None:
    wrong = mistakes.wrong_ones(PREDICTIONS)
    assert mistakes.search(wrong, "2 read as 7", "")["id"].to_list() == ["b"]
    assert mistakes.search(wrong, "", "65")["id"].to_list() == ["d"]
    assert mistakes.search(wrong, "2 read as 7", "3").empty
    assert mistakes.search(wrong, "", "(").empty, "a text is no pattern"
    assert mistakes.by_pair(PREDICTIONS[:0].assign(kinds=[])).empty
