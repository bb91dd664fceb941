"""Files that somebody uploads become a data set; what was found is told first."""

import io
import zipfile
from pathlib import Path

import pytest

from captcha_core.dataset.store import Dataset
from captcha_core.errors import CaptchaError, DataError
from dashboard.data_sets import importing
from dashboard.tune import start
from tests.conftest import tiny_samples

UPLOADS = Path("uploads")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _files(count: int = 40) -> list[tuple[str, bytes]]:
    return [(f"set/{one.text}_{index:04d}.png", one.media) for index, one in enumerate(tiny_samples(count, seed=41))]


def test_a_folder_with_a_broken_file(here: Path) -> None:
    importing.store([("../../up.png", b"x")], UPLOADS)
    place = importing.store([*_files(), ("set/11_0099.png", b"\x89PNG\r\n\x1a\n cut off")], UPLOADS)
    assert sorted(path.name for path in here.iterdir()) == ["uploads"], "nothing is written elsewhere"
    readings = importing.readings_of(place)
    assert {len(text or "") for text in readings[0].labels.values()} == {2}, "the likeliest first"
    assert readings[-1].rule == "none"
    found = importing.look(place)
    assert len(found.seen.files) == 40 and found.spec.max_length == 2
    assert [reject.name for reject in found.seen.rejects] == ["set/11_0099.png"]
    importing.write(found, Path("data/mine"))
    assert sum(Dataset.open("data/mine").counts.values()) == 40
    with pytest.raises(DataError, match="There is a data set called mine already"):
        importing.write(found, Path("data/mine"))


def test_a_zip_and_files_that_nobody_has_read(here: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in _files(12):
            archive.writestr(name, content)
    place = importing.store([("mine.zip", file.getvalue())], UPLOADS)
    assert place.name == "mine.zip"
    found = importing.look(place, len(importing.readings_of(place)) - 1, "0123", 2)
    assert {entry.text for entry in found.seen.entries} == {None}
    assert found.spec.alphabet == "0123" and found.spec.min_length == found.spec.max_length == 2


def test_an_empty_upload_is_refused(here: Path) -> None:
    with pytest.raises(CaptchaError):
        importing.look(importing.store([("notes.txt", b"hello")], UPLOADS))


def test_a_search_is_what_the_command_line_says() -> None:
    assert start.arguments(("--preset", "digits4"), "random", 3, 0.5) == (
        "tune", "--preset", "digits4", "--tuner", "random", "--trials", "3", "--minutes", "0.5", "--repeats", "0",
    )  # fmt: skip
