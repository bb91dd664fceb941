"""Lines are added whole; one that was cut off spoils no other."""

from pathlib import Path
from typing import IO

import pytest
from pydantic import BaseModel

from captcha_core.journal import Journal


def test_lines_come_back_in_their_order(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "log.jsonl")
    assert journal.lines() == []
    journal.append(['{"n": 1}', '{"n": 2}'])
    journal.append(['{"n": 3}'])
    assert journal.lines() == [b'{"n": 1}', b'{"n": 2}', b'{"n": 3}']


def test_what_follows_a_line_that_was_cut_off_stands_on_its_own_line(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "log.jsonl")
    journal.path.write_bytes(b'{"n": 1}\n{"n"')
    journal.append(['{"n": 3}'])
    assert journal.lines() == [b'{"n": 1}', b'{"n"', b'{"n": 3}']


class Line(BaseModel):
    n: int


def test_records_come_back_without_damaged_ones(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "log.jsonl")
    journal.path.write_bytes(b'{"n": 1}\n{"n": "x"}\n{"n": 2}\n{"n"')
    assert journal.records(Line) == [Line(n=1), Line(n=2)]


def test_lines_can_be_added_under_a_lock_that_covers_more(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "log.jsonl")
    with journal.lock():
        journal.append_bytes(b'{"n": 1}\n')
    assert journal.lines() == [b'{"n": 1}']


def test_whole_lines_stand_below_each_other_and_are_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, forced = Journal(tmp_path / "log.jsonl"), []

    def force(file: IO[bytes]) -> None:
        file.flush()
        forced.append(journal.path.stat().st_size)

    monkeypatch.setattr("captcha_core.journal.force", force)
    journal.path.touch()
    for line in ("{}", '{"n": 22}', "{}"):
        journal.append([line])
    assert journal.path.read_bytes() == b'{}\n{"n": 22}\n{}\n'
    assert forced == [3, 13, 16]


def test_one_character_that_was_cut_off_is_cut_off(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "log.jsonl")
    for left in (b"{", b"{}\n{"):
        journal.path.write_bytes(left)
        journal.append(["{}"])
        assert journal.path.read_bytes() == left + b"\n{}\n"
