"""Tables of labels as spreadsheets and programs write them, and names in them that mean a file which is there."""

from pathlib import Path

import pytest

from captcha_core.errors import DataError
from captcha_core.sources.folders import Listing, list_labelled
from captcha_core.sources.import_spec import SpecOverrides, spec_of
from captcha_core.sources.import_survey import fit, survey
from captcha_core.sources.labels.columns import Row
from tests.sources.labelled_files import TEXTS, fill, parse_rows, picture

ROWS = [Row("a.png", "0421"), Row("b.png", "9913")]


@pytest.mark.parametrize(
    "content",
    [
        "file,text\na.png,0421\nb.png,9913\n",
        "\ufeffText,Filename\n0421,a.png\n9913,b.png\n",
        "a.png,0421\nb.png,9913",
        "id,label,other\na.png,0421,x\n\nb.png,9913,y\n",
        "\ufefffile;text\r\na.png;0421\r\nb.png;9913\r\n",
        "file\ttext\na.png\t0421\nb.png\t9913\n",
        '"file"|"text"\n"a.png"|"0421"\n"b.png"|"9913"\n',
        "label,image_name\n0421,a.png\n9913,b.png\n",
        "id,image_file,label\n0,a.png,0421\n1,b.png,9913\n",
        ",Image Path,Captcha Text\n0,a.png,0421\n1,b.png,9913\n",
        "n,fname,w,what\n0,a.png,120,0421\n1,b.png,120,9913\n",
        "文件名,验证码\na.png,0421\nb.png,9913\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "gb18030"])
def test_separators_headers_and_encodings(content: str, encoding: str) -> None:
    assert parse_rows(content.encode(encoding), "labels.csv", ["a.png", "b.png"]) == ROWS


def test_letters_of_old_encodings() -> None:
    for encoding, text in (("cp1252", "bäk7"), ("cp1251", "жук"), ("gbk", "中国南方来客"), ("shift_jis", "あいうカ")):
        rows = parse_rows(f"file,text\na.png,{text}\nb.png,{text}\n".encode(encoding), "labels.csv", ["a.png", "b.png"])
        assert [row.text for row in rows] == [text, text], encoding


def test_numbers_that_pandas_wrote_are_whole() -> None:
    assert parse_rows(b"file,text\na.png,421.0\nb.png,9913.0\n", "labels.csv", ["a.png"])[0].text == "421"


@pytest.mark.parametrize("mark", ['="{}"', '"=""{}"""', "'{}"])
def test_marks_that_keep_the_zeros_of_a_spreadsheet_are_no_part_of_a_text(mark: str) -> None:
    lines = [f"{file},{mark.format(text)}" for file, text in (("a.png", "0421"), ("b.png", "9913"))]
    assert parse_rows("\n".join(["file,text", *lines]).encode(), "labels.csv", ["a.png", "b.png"]) == ROWS
    assert parse_rows(b"file,text\na.png,'x\nb.png,y'\n", "labels.csv", ["a.png"])[0].text == "'x"


@pytest.mark.parametrize("word", ["NULL", "nan", "None", "#N/A", "\\N"])
def test_a_word_for_nothing_is_no_label(word: str, tmp_path: Path) -> None:
    names = {f"{i}.png": text for i, text in enumerate((*TEXTS, word, word))}
    listing = listing_of(tmp_path / "a", list(names), names)
    assert [entry.text for entry in listing.entries] == [*TEXTS, None, None]
    assert listing.notes == (
        f"{word} in labels.csv is taken for no label yet: it stands there more often than any text",
    )
    once = {f"{i}.png": text for i, text in enumerate(("nope", "nada", "none", "noon"))}
    assert [entry.text for entry in listing_of(tmp_path / "b", list(once), once).entries] == list(once.values())


def test_a_table_can_name_splits() -> None:
    rows = parse_rows(b"file,text,split\na.png,0421,val\nb.png,9913,other\nc.png,11,\n", "labels.csv")
    assert [row.split for row in rows] == ["validation", "other", None]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected lines of file and text in t.csv, received none"),
        (b"a.png\n", "expected a file and a text in each line of t.csv"),
        (b"file,text\na.png,1\nb.png\n", r"received \['b.png'\]"),
    ],
)
def test_broken_tables_are_refused(content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        parse_rows(content, "t.csv", ["a.png", "b.png"])


def listing_of(folder: Path, files: list[str], rows: dict[str, str]) -> Listing:
    table = "file,text\n" + "\n".join(f"{name},{text}" for name, text in rows.items())
    return list_labelled(fill(folder, dict.fromkeys(files, b"x") | {"labels.csv": table.encode()}))


@pytest.mark.parametrize(
    ("file", "written"),
    [
        ("img/{}.png", "img\\{}.png"),
        ("img/{}.png", "./img/{}.png"),
        ("{}.png", "caps/{}.png"),
        ("IMG_{}.PNG", "img_{}.png"),
        ("e\u0301nigme{}.png", "\xe9nigme{}.png"),
        ("{}.png", "{}"),
        ("img/{}.png", "{}.png"),
        ("img/{}.png", "/home/me/caps/img/{}.png"),
        ("img/{}.png", "C:\\caps\\{}.png"),
        ("{}.png", "https://example.org/media/{}.png?size=2"),
        ("a b {}.png", "https://example.org/a%20b%20{}.png"),
        ("{}.png", "/data/upload/3/0a1b2c3d-{}.png"),
    ],
)
def test_names_that_can_only_mean_one_file(file: str, written: str, tmp_path: Path) -> None:
    names = {file.format(i): text for i, text in enumerate(TEXTS)}
    listing = listing_of(tmp_path / "caps", list(names), {written.format(i): t for i, t in enumerate(TEXTS)})
    assert {entry.name: entry.text for entry in listing.entries} == names
    assert not listing.rejects


def test_names_that_could_mean_two_files_mean_none(tmp_path: Path) -> None:
    files = [f"{folder}/{i}.png" for folder in ("a", "b") for i in range(6)]
    with pytest.raises(DataError, match="expected labels in the names"):
        listing_of(tmp_path, files, {f"{i}.png": text for i, text in enumerate(TEXTS)})
    rows = {f"a/{i}.png": text for i, text in enumerate(TEXTS)} | {"a/9.png": "1111"}
    listing = listing_of(tmp_path, [*files, "b/9.png", "9.png"], rows)
    assert "9.png" not in {entry.name for entry in listing.entries}
    assert any(reject.name == "a/9.png" and "received none of this name" in reject.reason for reject in listing.rejects)


def test_a_table_of_far_more_files_is_said_in_one_line(tmp_path: Path) -> None:
    names = {f"{i}.png": text for i, text in enumerate(TEXTS)}
    listing = listing_of(tmp_path, list(names), names | {f"{i}.png": "1234" for i in range(100, 200)})
    assert not listing.rejects and listing.notes == ("100 lines of labels.csv name files that are not here",)


def test_signs_of_a_table_are_in_the_alphabet_and_spaces_are_not(tmp_path: Path) -> None:
    sums = ["1+2=?", "3 - 4 = ?", "5*6=?", "7-1=?", "8+8=?"]
    names = {f"{i}.png": text for i, text in enumerate(sums)}
    fill(tmp_path, {name: picture(name) for name in names})
    listing = listing_of(tmp_path, [], names)
    seen = survey(listing)
    spec = spec_of(seen, SpecOverrides())
    fit(seen, spec)
    assert spec.alphabet == "0123456789*+-=?" and not seen.rejects
    assert [entry.text for entry in seen.entries] == [text.replace(" ", "") for text in sums]
    assert listing.notes == ("1 labels of labels.csv have spaces, which are left out: no character is one",)


def test_what_is_left_out_shapes_nothing(tmp_path: Path) -> None:
    fill(tmp_path, {f"{text}.png": picture(text) for text in (*TEXTS, "readme", "BACKGROUND")})
    seen = survey(list_labelled(tmp_path, "name"))
    spec = spec_of(seen, SpecOverrides(min_length=4, max_length=4))
    assert spec.alphabet == "0123456789"
    assert spec_of(seen, SpecOverrides(alphabet="0123456789")).max_length == 4
