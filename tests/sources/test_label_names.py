"""Folders of characters and of splits are read as they are written."""

import pytest

from captcha_core.sources.labels.names import folder_of, split_of, text_of_folder


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


@pytest.mark.parametrize("character", ["a", "A", "7", "+", "ä", "/", ".", "字"])
def test_a_character_is_read_off_its_folder(character: str) -> None:
    folder = folder_of(character)
    assert "/" not in folder and folder.strip(".") == folder and folder.isascii()
    assert text_of_folder(folder) == character


def test_other_folders_are_what_they_say() -> None:
    assert [text_of_folder(name) for name in ("U+", "B_U+0041", "x_U+0041", "hello")] == [
        "U+", "B_U+0041", "x_U+0041", "hello"
    ]  # fmt: skip
