"""Folders, archives and tables become entries; what cannot be used becomes a reject with its reason."""

import os
import pickle
from pathlib import Path
from typing import Any

import pytest

from captcha_core.errors import DataError
from captcha_core.sources.folders import Listing, list_labelled, read_sample
from tests.sources.labelled_files import TEXTS, fill, pack, picture


def labels(listing: Listing) -> dict[str, str | None]:
    return {entry.name: entry.text for entry in listing.entries}


def reasons(listing: Listing) -> dict[str, str]:
    return {reject.name: reject.reason for reject in listing.rejects}


def test_a_folder_of_named_files(tmp_path: Path) -> None:
    fill(tmp_path, {f"sub/{text}.png": picture(text) for text in TEXTS})
    listing = list_labelled(tmp_path)
    assert labels(listing) == {f"sub/{text}.png": text for text in TEXTS}
    sample = read_sample(listing.files, listing.entries[0])
    assert sample.media == picture(sample.text or "") and sample.path == f"{sample.text}.png"
    assert sample.origin == {"source": "import", "file": f"sub/{sample.text}.png"}


def test_a_zip_gives_what_the_folder_gives(tmp_path: Path) -> None:
    names = {f"{text}_{place}.png": picture(text) for place, text in enumerate(TEXTS)}
    folder = list_labelled(fill(tmp_path / "folder", names))
    archive = list_labelled(pack(tmp_path / "a.zip", names))
    assert folder.entries == archive.entries and folder.rule == archive.rule == "name-start"
    again = pickle.loads(pickle.dumps(archive.files))
    assert [again.read(e.name) for e in archive.entries] == [folder.files.read(e.name) for e in folder.entries]


def test_a_table_labels_the_files_beside_it(tmp_path: Path) -> None:
    fill(tmp_path, {"images/1.png": b"one", "images/2.png": b"two", "images/3.png": b"three"})
    rows = "file,text\nimages/2.png,9913\nimages/1.png,0421\nimages/4.png,7350\nimages/1.png,1111\n"
    table = fill(tmp_path, {"labels.csv": rows.encode()}) / "labels.csv"
    for place in (
        tmp_path,
        table,
        pack(
            tmp_path.parent / "t.zip",
            {p.relative_to(tmp_path).as_posix(): p.read_bytes() for p in tmp_path.rglob("*.*")},
        ),
    ):
        listing = list_labelled(place)
        assert listing.rule == "csv"
        assert labels(listing) == {"images/1.png": "0421", "images/2.png": "9913"}
        assert set(reasons(listing)) == {"images/1.png", "images/3.png", "images/4.png"}
        assert "received it again with the text '1111'" in reasons(listing)["images/1.png"]
        assert "received none for this file" in reasons(listing)["images/3.png"]
        assert "received none of this name" in reasons(listing)["images/4.png"]


def test_a_table_of_another_name_must_be_named(tmp_path: Path) -> None:
    fill(tmp_path, {"0421.png": picture("0421"), "mine.csv": b"0421.png,9913\n"})
    with pytest.raises(DataError, match=r"(?s)several ways.*--label-from mine.csv.*--label-from name: TEXT.png, 0421"):
        list_labelled(tmp_path)
    assert labels(list_labelled(tmp_path, "csv")) == {"0421.png": "9913"}
    assert labels(list_labelled(tmp_path / "mine.csv")) == {"0421.png": "9913"}


def test_rules_can_be_forced(tmp_path: Path) -> None:
    fill(tmp_path, {"7/0_0421.png": b"", "8/1_9913.png": b""})
    assert set(labels(list_labelled(tmp_path)).values()) == {"0421", "9913"}
    assert set(labels(list_labelled(tmp_path, "folder")).values()) == {"7", "8"}
    assert set(labels(list_labelled(tmp_path, "filename")).values()) == {"0421", "9913"}
    assert set(labels(list_labelled(tmp_path, "name-start")).values()) == {"0", "1"}
    assert set(labels(list_labelled(tmp_path, "none")).values()) == {None}
    with pytest.raises(DataError, match="expected a label rule of filename, .*, received 'guess'"):
        list_labelled(tmp_path, "guess")


def test_what_a_mac_packs_beside_the_files_decides_nothing(tmp_path: Path) -> None:
    names = {f"{place:04d}_{text}.png": picture(text) for place, text in enumerate(TEXTS)}
    hidden = {f"__MACOSX/._{name}": b"\0\5\x16\7" for name in names}
    listing = list_labelled(pack(tmp_path / "a.zip", names | hidden))
    assert listing.rule == "name-end"
    assert [labels(listing)[name] for name in names] == list(TEXTS)


def test_splits_are_known_by_their_folders_however_they_are_spelt(tmp_path: Path) -> None:
    fill(tmp_path, {"Train/0421.png": b"", "TEST/9913.png": b"", "val/7350.png": b"", "mine/2268.png": b""})
    splits = {entry.name: entry.split for entry in list_labelled(tmp_path).entries}
    assert list(splits.values()) == ["test", "train", None, "validation"]


def test_nothing_to_import_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="received an empty folder or archive"):
        list_labelled(tmp_path)
    with pytest.raises(DataError, match="expected a folder, a zip archive, a file of labels .*does not exist"):
        list_labelled(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"nowhere\.tfrecord, which does not exist"):
        list_labelled(tmp_path / "nowhere.tfrecord")
    (tmp_path / "a.txt").write_text("no archive", encoding="utf-8")
    with pytest.raises(DataError, match=r"received the file .*a\.txt"):
        list_labelled(tmp_path / "a.txt")
    with pytest.raises(DataError, match="expected one CSV of labels .* received 0"):
        list_labelled(tmp_path, "csv")


@pytest.mark.parametrize("name", ["../0421.png", "/etc/0421.png", "a/../../0421.png", "..\\0421.png", "C:/0421.png"])
def test_names_that_climb_out_are_not_followed(tmp_path: Path, name: str) -> None:
    archive = list_labelled(pack(tmp_path / "a.zip", {name: picture("0421"), "9913.png": picture("9913")}), "name")
    entry = next(entry for entry in archive.entries if entry.name != "9913.png")
    with pytest.raises(DataError, match="expected a name inside the folder or archive"):
        archive.files.read(entry.name)
    folder = list_labelled(fill(tmp_path / "folder", {"9913.png": b""})).files
    with pytest.raises(DataError, match="expected a name inside the folder or archive"):
        folder.read(name)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", {"0421.png": b"\0" * 50_000_000})
    assert path.stat().st_size < 100_000
    listing = list_labelled(path)
    with pytest.raises(DataError, match="expected a file of at most .* received 50,000,000 in '0421.png'"):
        listing.files.read("0421.png")


def test_a_bomb_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", {"0421.png": b"\0" * 50_000_000})
    path.write_bytes(path.read_bytes().replace((50_000_000).to_bytes(4, "little"), (1000).to_bytes(4, "little")))
    listing = list_labelled(path)
    with pytest.raises(DataError, match="expected a readable member"):
        listing.files.read("0421.png")


def test_damaged_archives_are_refused(tmp_path: Path) -> None:
    whole = pack(tmp_path / "a.zip", {f"{text}.png": picture(text) for text in TEXTS}).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[:-30])
    with pytest.raises(DataError, match="expected a folder, a zip archive"):
        list_labelled(tmp_path / "cut.zip")
    (tmp_path / "torn.zip").write_bytes(whole[:60] + bytes(40) + whole[100:])
    listing = list_labelled(tmp_path / "torn.zip")
    with pytest.raises(DataError, match="expected a readable member"):
        listing.files.read(f"{TEXTS[0]}.png")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "0421.png")
    listing = list_labelled(tmp_path)
    with pytest.raises(DataError, match="expected a regular file, received something else"):
        listing.files.read("0421.png")


def test_a_folder_that_cannot_be_read_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, {f"{place}/{text}.png": picture(text) for place in ("a", "b") for text in TEXTS})
    scan = os.scandir

    def refuse(path: str) -> Any:
        if os.fspath(path).endswith("/b"):  # a mode would not keep root out
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DataError, match="expected a readable folder, received .*Permission denied.*/b"):
        list_labelled(tmp_path)
