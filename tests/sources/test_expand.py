"""A folder, a zip archive or a pattern is as good as a list of files."""

import zipfile
from pathlib import Path

import pytest

from captcha_core.errors import DataError
from captcha_core.sources.expand import expand
from captcha_core.sources.folders import list_labelled

NAMES = ("a/1.png", "a/b/2.gif", "3.jpg")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "folder"
    for name in (*NAMES, "notes.txt", ".hidden.png"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(name.encode())
    return place


def found(*places: object) -> dict[str, bytes]:
    return {one.name: one.read() for one in expand(str(place) for place in places)}


def test_a_folder_gives_its_pictures_and_clips(folder: Path) -> None:
    assert found(folder) == {str(folder / name): name.encode() for name in NAMES}


def test_a_zip_archive_gives_its_members(folder: Path) -> None:
    archive = folder.parent / "some.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for name in (*NAMES, "__MACOSX/a/._1.png"):
            packed.writestr(name, name)
    assert found(archive) == {str(archive / name): name.encode() for name in NAMES}


def test_a_pattern_gives_what_it_matches(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(found(folder / "*.jpg")) == [str(folder / "3.jpg")]
    assert len(found(folder / "**" / "*.*g*")) == 3
    monkeypatch.chdir(folder)
    assert list(found("a/*/*.gif", "3.jpg")) == ["a/b/2.gif", "3.jpg"]


def test_a_file_may_have_the_name_of_a_pattern(folder: Path) -> None:
    odd = folder / "x[1].png"
    odd.write_bytes(b"odd")
    assert found(odd) == {str(odd): b"odd"}


def test_import_takes_a_pattern(folder: Path) -> None:
    (folder / "4.jpg").write_bytes(b"4")
    listing = list_labelled(folder / "*.jpg", "filename")
    assert {entry.name: entry.text for entry in listing.entries} == {"3.jpg": "3", "4.jpg": "4"}


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("*.bmp", "expected pictures or clips in .*, received none"),
        ("empty", "expected pictures or clips in .*, received none"),
        ("nowhere.png", "expected .* file, received"),
        ("broken.zip", "cut short or damaged"),
        ("set", "received the data set .*captchalab evaluate"),
    ],
)
def test_a_place_without_captchas_says_so_and_the_next_is_read(folder: Path, place: str, message: str) -> None:
    (folder / "empty").mkdir()
    (folder / "set").mkdir()
    (folder / "set" / "dataset.json").write_bytes(b"{}")
    (folder / "broken.zip").write_bytes(b"PK\x03\x04 and no more")
    wrong, right = expand([str(folder / place), str(folder / "3.jpg")])
    with pytest.raises(DataError, match=message):
        wrong.read()
    assert right.read() == b"3.jpg"
