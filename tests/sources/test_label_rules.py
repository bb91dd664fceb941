"""Labels are read off names, folders and tables as people write them."""

import pytest

from captcha_core.errors import DataError
from captcha_core.sources.label_rules import (
    Row,
    choose_rule,
    folder_of,
    label_of,
    parse_csv,
    split_of,
    text_of_folder,
)


@pytest.mark.parametrize(
    ("names", "rule", "labels"),
    [
        (["0421.png", "a/9913.jpg", "b/7350.png"], "name", ["0421", "9913", "7350"]),
        (["0421_x9.png", "9913_7.png", "7350_.png"], "name-start", ["0421", "9913", "7350"]),
        (["2_2704.png", "0_1111.png", "1_9.png"], "name-end", ["2704", "1111", "9"]),
        (["0000_0421.png", "0001_9913.png", "0002_7350.png"], "name-end", ["0421", "9913", "7350"]),
        (["0421_1.png", "9913_1.png", "0421_2.png"], "name-start", ["0421", "9913", "0421"]),
        (["abcd_1.png", "efgh_2.png"], "name-start", ["abcd", "efgh"]),
        (["0/1.png", "0/2.png", "1/1.png", "7/10.png"], "folder", ["0", "0", "1", "7"]),
        (["train/0421.png", "test/9913.png"], "name", ["0421", "9913"]),
    ],
)
def test_the_rule_is_chosen_from_the_names(names: list[str], rule: str, labels: list[str]) -> None:
    assert choose_rule(names) == rule
    assert [label_of(name, choose_rule(names)) for name in names] == labels


def test_a_stray_file_does_not_change_the_rule() -> None:
    assert choose_rule(["0421.png", "9913.png", "7350.png", "read_me.txt", "a_b.png"]) == "name"


def test_a_name_without_the_part_is_refused() -> None:
    with pytest.raises(DataError, match=r"expected a name like INDEX_TEXT.png, received '7.png'; rename it"):
        label_of("7.png", "name-end")


def test_nothing_is_a_label_when_none_is_wanted() -> None:
    assert label_of("0421.png", "none") is None


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train/1.png", "train"),
        ("x/val/1.png", "validation"),
        ("testing/0/1.png", "test"),
        ("1.png", None),
        ("a/1.png", None),
    ],
)
def test_splits_are_read_off_folders(name: str, split: str | None) -> None:
    assert split_of(name) == split


@pytest.mark.parametrize(
    "content",
    [
        "file,text\na.png,0421\nb.png,9913\n",
        "\ufeffText,Filename\n0421,a.png\n9913,b.png\n",
        "a.png,0421\nb.png,9913",
        "id,label,other\na.png,0421,x\n\nb.png,9913,y\n",
    ],
)
def test_tables_are_read_with_and_without_a_header(content: str) -> None:
    assert parse_csv(content.encode(), "labels.csv") == [Row("a.png", "0421"), Row("b.png", "9913")]


def test_a_table_can_name_splits() -> None:
    rows = parse_csv(b"file,text,split\na.png,0421,val\nb.png,9913,other\nc.png,11,\n", "labels.csv")
    assert [row.split for row in rows] == ["validation", "other", None]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected lines of file and text in t.csv, received none"),
        (b"a.png\n", "expected a file and a text in each line of t.csv"),
        (b"file,text\na.png,1\nb.png\n", r"received \['b.png'\]"),
        (b"\xff\xfea,b", "expected t.csv to be a CSV in UTF-8"),
    ],
)
def test_broken_tables_are_refused(content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        parse_csv(content, "t.csv")


@pytest.mark.parametrize("character", ["a", "A", "7", "+", "ä", "/", ".", "字"])
def test_a_character_is_read_off_its_folder(character: str) -> None:
    folder = folder_of(character)
    assert "/" not in folder and folder.strip(".") == folder and folder.isascii()
    assert text_of_folder(folder) == character
    assert label_of(f"{folder}/0.png", "folder") == character


def test_other_folders_are_what_they_say() -> None:
    assert [text_of_folder(name) for name in ("U+", "B_U+0041", "x_U+0041", "hello")] == [
        "U+", "B_U+0041", "x_U+0041", "hello"
    ]  # fmt: skip
    assert choose_rule(["A_U+0041/0.png", "b/1.png", "U+002B/2.png"]) == "folder"
