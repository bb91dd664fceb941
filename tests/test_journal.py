"""Lines are added whole; one that was cut off spoils no other."""

from pathlib import Path

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


def test_lines_can_be_added_under_a_lock_that_covers_more(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "log.jsonl")
    with journal.lock():
        journal.append_bytes(b'{"n": 1}\n')
    assert journal.lines() == [b'{"n": 1}']
