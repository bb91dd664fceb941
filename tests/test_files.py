"""Files and folders are whole or not there, and on the disk when they are."""

import errno
import os
from pathlib import Path

import pytest

from captcha_core.errors import DataError
from captcha_core.files import (
    new_file,
    new_folder,
    own_draft,
    read_json,
    read_media,
    replace_folder,
    write_file,
    write_json,
)


def test_a_block_that_fails_leaves_the_file_of_before_and_no_draft(tmp_path: Path) -> None:
    write_file(tmp_path / "a", b"before")
    with pytest.raises(KeyboardInterrupt), new_file(tmp_path / "a") as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a", b"before")]


def test_a_full_disk_leaves_the_file_of_before_and_no_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    write_json(tmp_path / "a", {"n": 1})
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_json(tmp_path / "a", {"n": 2})
    assert read_json(tmp_path / "a") == {"n": 1}
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux names the file behind a handle")
def test_the_content_is_forced_to_the_disk_before_the_name_and_the_name_before_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forced, fsync = [], os.fsync

    def noted(handle: int) -> None:
        forced.append((Path(f"/proc/self/fd/{handle}").readlink().name, (tmp_path / "a").exists()))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", noted)
    write_file(tmp_path / "a", b"whole")
    assert forced == [("a.new", False), (tmp_path.name, True)]


def test_a_draft_is_written_where_it_is_wanted(tmp_path: Path) -> None:
    draft = tmp_path / "workshop.tmp"
    with new_file(tmp_path / "a", draft):
        assert draft.exists() and not (tmp_path / "a").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert str(os.getpid()) in own_draft(tmp_path / "a").name


def test_a_file_that_is_missing_holds_nothing_and_a_damaged_one_says_so(tmp_path: Path) -> None:
    assert read_json(tmp_path / "a") is None
    (tmp_path / "a").write_bytes(b"\xff{")
    with pytest.raises(ValueError, match="utf-8"):
        read_json(tmp_path / "a")


def test_a_folder_takes_the_place_of_another(tmp_path: Path) -> None:
    for name in ("fresh", "place"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name, encoding="utf-8")
    replace_folder(tmp_path / "fresh", tmp_path / "place", tmp_path / "old")
    assert [path.name for path in tmp_path.iterdir()] == ["place"]
    assert (tmp_path / "place" / "file").read_text(encoding="utf-8") == "fresh"


def test_a_new_folder_is_whole_or_not_there_and_replaces_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), new_folder(tmp_path / "out") as folder:
        (folder / "file").touch()
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []
    with new_folder(tmp_path / "out") as folder:
        (folder / "file").touch()
    with pytest.raises(DataError, match="new or empty folder"), new_folder(tmp_path / "out"):
        pass
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "file"]


@pytest.mark.parametrize(
    ("name", "received"), [("", "received the folder"), ("pipe", "which is none"), ("nothing", "No such file")]
)
def test_what_is_no_file_has_a_sentence(tmp_path: Path, name: str, received: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match=received):
        read_media(tmp_path / name)
