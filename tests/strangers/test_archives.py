"""Archives and folders as systems leave them, and data sets that come back from an export."""

import zipfile
from pathlib import Path

import pytest

from captcha_core.dataset.export import export_folder
from captcha_core.dataset.import_files import write_import
from captcha_core.dataset.store import Dataset
from captcha_core.errors import DataError
from captcha_core.sources.archive import is_left_by_a_system
from captcha_core.sources.folders import list_labelled
from captcha_core.sources.import_spec import SpecOverrides, spec_of
from captcha_core.sources.import_survey import fit, survey
from tests.sources.labelled_files import TEXTS, fill, pack, picture

LEFT = ("__MACOSX/caps/._0421.png", "caps/.DS_Store", "caps/Thumbs.db", "caps/desktop.ini", "@eaDir/0421.png/x.png")


def old_zip(path: Path, names: list[str], encoding: str) -> Path:
    """A zip archive whose names are bytes of an old encoding, as programs without Unicode write it."""
    pack(path, {f"{place:04d}": picture(name) for place, name in enumerate(names)})
    content = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        assert not any(member.flag_bits & 0x800 for member in archive.filelist)
    path.unlink()
    raw = [name.encode(encoding) for name in names]
    width = max(map(len, raw))
    assert all(len(name) == width for name in raw), "names of one width keep the offsets right"
    with zipfile.ZipFile(path, "w") as archive:
        for place, name in enumerate(names):
            archive.writestr("#" * (width - 4) + f"{place:04d}", picture(name))
    content = path.read_bytes()
    for place, name in enumerate(raw):
        content = content.replace(b"#" * (width - 4) + f"{place:04d}".encode(), name)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("encoding", "texts"),
    [
        ("gbk", ["中国南方", "古天安外", "心服来津", "海湖片股", "内区徽蒙", "天中心海"]),
        ("big5", ["中國南方", "古天安外", "心服來津", "海湖片股", "內區徽蒙", "天中心海"]),
        ("shift_jis", ["あいうえ", "かきくけ", "さしすせ", "たちつて", "なにぬね", "はひふへ"]),
        ("euc_kr", ["가나다라", "마바사아", "자차카타", "파하거너", "더러머버", "서어저처"]),
        ("cp866", ["жукаб", "гдежз", "ийклм", "нопрс", "туфхц", "чшщыэ"]),
        ("utf-8", ["äöüé", "éàöç", "çüéä", "öäçà", "àéüö", "üçäé"]),
    ],
)
def test_names_of_old_archives_are_decoded(encoding: str, texts: list[str], tmp_path: Path) -> None:
    listing = list_labelled(old_zip(tmp_path / "a.zip", [f"{text}_{i}.png" for i, text in enumerate(texts)], encoding))
    assert sorted(entry.text or "" for entry in listing.entries) == sorted(texts)
    assert all(listing.files.read(entry.name) for entry in listing.entries)


def test_what_systems_leave_is_passed_over_in_silence(tmp_path: Path) -> None:
    names = {f"caps/{text}.png": picture(text) for text in TEXTS} | dict.fromkeys(LEFT, b"x")
    for place in (fill(tmp_path / "in", names), pack(tmp_path / "in.zip", names)):
        listing = list_labelled(place)
        assert [entry.text for entry in listing.entries] == sorted(TEXTS) and not listing.rejects
    assert all(map(is_left_by_a_system, LEFT)) and not is_left_by_a_system("../0421.png")


@pytest.mark.parametrize(
    ("head", "named"),
    [
        (b"Rar!\x1a\x07\x01\0", "a RAR archive"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
        (b"\x1f\x8b\x08", "a gzip file"),
        (bytes(257) + b"ustar", "a tar archive"),
    ],
)
def test_archives_that_are_not_read_are_named(head: bytes, named: str, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(head + bytes(300))
    with pytest.raises(DataError, match=rf"received {named}, .*a\.bin, which is to be unpacked first"):
        list_labelled(tmp_path / "a.bin")


def test_a_zip_cut_short_is_said(tmp_path: Path) -> None:
    whole = pack(tmp_path / "a.zip", {f"{text}.png": picture(text) for text in TEXTS}).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="received the zip archive .*cut.zip, which is cut short or damaged"):
        list_labelled(tmp_path / "cut.zip")


def test_a_zip_with_a_password_is_said_once(tmp_path: Path) -> None:
    content = bytearray(pack(tmp_path / "a.zip", {f"{text}.png": picture(text) for text in TEXTS}).read_bytes())
    for head, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := content.find(head, at + 1)) >= 0:
            content[at + flags] |= 1
    (tmp_path / "locked.zip").write_bytes(content)
    with pytest.raises(DataError, match="received one whose files are locked with it; unpack it, and name the folder"):
        list_labelled(tmp_path / "locked.zip")


def bring_in(place: Path, out: Path, split: str = "0.7/0.1/0.2") -> Dataset:
    listing = list_labelled(place)
    seen = survey(listing)
    spec = spec_of(seen, SpecOverrides())
    fit(seen, spec)
    return write_import(out, listing, seen, spec, split=split)


@pytest.mark.parametrize(
    "texts", [TEXTS, ["1+2=?", "3-4=?", "5*6=?", "7+8=?", "9-0=?"], ["中国", "南方", "古天", "安外"]]
)
def test_what_is_exported_comes_back_the_same(texts: list[str], tmp_path: Path) -> None:
    table = "file,text\n" + "\n".join(f"{i}.png,{text}" for i, text in enumerate(texts))
    names = {f"{i}.png": picture(text) for i, text in enumerate(texts)}
    first = bring_in(fill(tmp_path / "in", names | {"labels.csv": table.encode()}), tmp_path / "a")
    export_folder(first, tmp_path / "files")
    again = bring_in(tmp_path / "files", tmp_path / "b", split="keep")
    assert (again.spec, again.counts) == (first.spec, first.counts)
    for split in first.counts:
        assert sorted(again.texts(split)) == sorted(first.texts(split))


@pytest.mark.parametrize(
    ("name", "member", "kind"),
    [("a.xlsx", "[Content_Types].xml", "an Excel or Word document"), ("a.ods", "mimetype", "an OpenDocument")],
)
def test_a_spreadsheet_is_no_archive_of_captchas(tmp_path: Path, name: str, member: str, kind: str) -> None:
    with zipfile.ZipFile(tmp_path / name, "w") as archive:
        archive.writestr(member, "<Types/>")
        archive.writestr("xl/media/1234.png", picture("1234"))
    with pytest.raises(DataError, match=f"{name}, {kind}; save its table as CSV"):
        list_labelled(tmp_path / name)
