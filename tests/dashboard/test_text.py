"""Figures in plain words, and names that stay what they are wherever they are written."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from dashboard.widgets import text as words

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("back", "said"),
    [
        (timedelta(seconds=5), "just now"),
        (timedelta(minutes=12, seconds=50), "12 min ago"),
        (timedelta(hours=5), "5 h ago"),
        (timedelta(days=1), "yesterday"),
        (timedelta(days=9), "9 days ago"),
        (timedelta(days=100), "2026-01-21"),
    ],
)
def test_ago(back: timedelta, said: str) -> None:
    assert words.ago((NOW - back).timestamp() * 1000, NOW) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, "–"), (0.42, "0.4 s"), (59, "59 s"), (60, "1 min"), (200, "3 min 20 s"), (7500, "2 h 5 min")],
)
def test_duration(seconds: float | None, said: str) -> None:
    assert words.duration(seconds) == said


def test_counts_shares_and_sizes() -> None:
    assert words.count(1, "run") == "1 run"
    assert words.count(1000, "run") == "1,000 runs"
    assert words.share(0.97123) == "97.12%"
    assert words.share(None) == words.share(float("nan")) == "–"
    assert words.interval(0.9, 0.95) == "90.0 to 95.0%"
    assert words.size(322_488) == "322.5 kB"
    assert words.number(0.000123456) == "0.0001235"
    assert words.listed("abc", 2) == "a, b and 1 more"


@pytest.mark.parametrize("text", ["**bold** `code`", "[a](javascript:alert(1))", "$x$ :red[x] <b>", "a\n# b", "1. x"])
def test_markdown_shows_a_text_as_it_is(text: str) -> None:
    safe = words.markdown(text)
    unescaped = safe.replace("\\", "")
    assert unescaped == " ".join(text.split())
    for sign in "*`[]()$:<#":
        assert all(safe[index - 1] == "\\" for index, character in enumerate(safe) if character == sign)


def test_html_and_file_names() -> None:
    assert words.markup('<img src="x">') == "&lt;img src=&quot;x&quot;&gt;"
    assert words.file_name("../../etc/passwd") == "etc-passwd"
    assert words.file_name("..") == "file"
    assert len(words.file_name("x" * 500)) == 80


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("13 findings in mine.", "13 findings in mine"),
        ("The reader that ships passes 94.7 % of these", "The reader that ships …"),
        ("one\nline", "one line"),
        ("x" * 40, "x" * 24 + " …"),
    ],
)
def test_a_long_text_ends_after_a_word_with_dots(text: str, said: str) -> None:
    assert words.shortened(text, 24) == said


def test_csv_holds_no_formula() -> None:
    frame = pd.DataFrame({"=name": ["=cmd()", "+1", "-x", "@y", "plain", "\tz"], "number": [-1.5, 2, 3, 4, 5, 6]})
    lines = words.csv(frame).decode().splitlines()
    assert lines[0] == "'=name,number"
    assert [line.split(",")[0] for line in lines[1:]] == ["'=cmd()", "'+1", "'-x", "'@y", "plain", "'\tz"]
    assert lines[1].endswith(",-1.5"), "a negative number is no formula"


@pytest.mark.parametrize(
    ("value", "n", "shown"),
    [(0.9875, 80, "99%"), (0.9875, 800, "98.8%"), (0.98754, 8000, "98.75%"), (0.999, 80, "99.9%"), (1.0, 80, "100%"),
     (0.001, 80, "0.1%"), (0.5, None, "50.00%")],
)  # fmt: skip
def test_a_share_has_as_many_places_as_its_samples_support(value: float, n: float | None, shown: str) -> None:
    assert words.share(value, n=n) == shown


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            "expected a label of 2 characters, received 4 in '0129'; correct the label.",
            "Found 4 in '0129', where a label of 2 characters is needed. Correct the label.",
        ),
        ("Somebody else has just promoted version 2; look again.",) * 2,
    ],
)
def test_an_error_in_plain_words(error: str, said: str) -> None:
    assert words.plain(error) == said
