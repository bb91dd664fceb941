"""What people upload is recognised by its bytes, within limits."""

import io
import zipfile

import pytest

from dashboard.solve import uploads
from dashboard.solve.uploads import take
from tests.conftest import tiny_samples


def _zip(*members: tuple[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


PNG = tiny_samples(1)[0].media


def test_files_are_what_their_bytes_say() -> None:
    taken = take([("a.wav", PNG), ("b.png", b"%PDF-1.7"), ("c.png", b"")])
    assert [(item.name, item.kind) for item in taken.accepted] == [("a.wav", "image")]
    assert [refused.name for refused in taken.refused] == ["b.png", "c.png"]


def test_a_zip_is_taken_apart_in_memory() -> None:
    taken = take([("pile.png", _zip(("x/1.png", PNG), ("__MACOSX/._1.png", b"junk"), ("x/.DS_Store", b"junk")))])
    assert [item.name for item in taken.accepted] == ["1.png"]
    assert not taken.refused


@pytest.mark.parametrize("name", ["../up.png", "/etc/up.png", "a/../../up.png", "..\\up.png"])
def test_names_that_climb_are_refused(name: str) -> None:
    taken = take([("pile.zip", _zip((name, PNG)))])
    assert not taken.accepted
    assert "Such paths are not followed" in taken.refused[0].reason and taken.refused[0].name == "up.png"


def test_a_zip_bomb_is_not_unpacked() -> None:
    bomb = _zip(("bomb.png", b"\0" * (uploads.MAX_FILE_BYTES + 1)), ("good.png", PNG))
    assert len(bomb) < 100_000
    taken = take([("pile.zip", bomb)])
    assert [item.name for item in taken.accepted] == ["good.png"]
    assert "at most 16,777,216 bytes" in taken.refused[0].reason


def test_a_header_that_lies_about_the_size() -> None:
    """The member says 1 byte and holds far more: it is read to the limit at most, then refused."""
    content = bytearray(_zip(("bomb.png", b"\0" * (uploads.MAX_FILE_BYTES + 1))))
    size = (uploads.MAX_FILE_BYTES + 1).to_bytes(4, "little")
    assert content.count(size) == 2
    lying = bytes(content).replace(size, (1).to_bytes(4, "little"))
    taken = take([("pile.zip", lying)])
    assert not taken.accepted and taken.refused


def test_a_bomb_of_many_small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_FILES", 3)
    taken = take([("pile.zip", _zip(*((f"{index}.png", PNG) for index in range(9))))])
    assert len(taken.accepted) == 3
    assert "the limit is 3 captchas" in taken.refused[0].reason and len(taken.refused) == 1


def test_a_zip_of_far_too_many_entries_is_not_looked_into() -> None:
    taken = take([("pile.zip", _zip(*((f"{index}/", b"") for index in range(uploads.MAX_ENTRIES + 1))))])
    assert not taken.accepted and "more than 20,000 files and folders" in taken.refused[0].reason


def test_all_together_within_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_TOTAL_BYTES", 2 * len(PNG))
    taken = take([(f"{index}.png", PNG) for index in range(9)])
    assert len(taken.accepted) == 2 and "MB at a time" in taken.refused[0].reason


def test_a_damaged_or_encrypted_zip_gets_a_sentence() -> None:
    whole = _zip(("a.png", PNG))
    assert "damaged" in take([("pile.zip", whole[:40])]).refused[0].reason
    flipped = bytearray(whole)
    flipped[40] ^= 0xFF
    refused = take([("pile.zip", bytes(flipped))]).refused
    assert refused and "is needed" in refused[0].reason


def test_names_are_for_people_alone() -> None:
    assert uploads.base_name("a/b\\c\x00\x1b.png") == "c.png"
    assert uploads.base_name("") == "file"


def test_a_file_beyond_the_limit_of_its_kind_gets_a_sentence_with_both_sizes() -> None:
    taken = take([("large.png", PNG + bytes(30 * 2**20 - len(PNG)))])
    assert [one.reason for one in taken.refused] == ["This picture is 30 MB; the limit is 8 MB."]
