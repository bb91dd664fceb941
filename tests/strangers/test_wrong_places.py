"""Places that people name and that hold their captchas in another shape: said in one sentence, with what to do."""

import io
import sys
from pathlib import Path

import numpy as np
import pytest

from captcha_core.errors import DataError
from captcha_core.sources.expand import expand
from captcha_core.sources.folders import list_labelled
from tests.sources.labelled_files import TEXTS, fill, pack, picture


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["captchas.zip"], "received captchas.zip; import that file"),
        (["a.rar", "readme.txt"], "received a.rar; unpack it first"),
        (["data.tar.gz", "more.tar.gz"], "received data.tar.gz and 1 more; unpack it first"),
        (["data/train-00000-of-00001.parquet"], "data/train-00000-of-00001.parquet; save each captcha as a picture"),
        (["x.npy", "y.npy"], "received x.npy and 1 more; save each captcha as a picture"),
        (
            ["dataset.json", "train/part-00000.parquet", "sheet.png"],
            "received the data set .*; captchalab evaluate, train and audit take it",
        ),
    ],
)
def test_a_folder_whose_captchas_are_in_other_files(names: list[str], message: str, tmp_path: Path) -> None:
    fill(tmp_path, dict.fromkeys(names, b"something"))
    with pytest.raises(DataError, match=message):
        list_labelled(tmp_path)
    (given,) = expand([str(tmp_path)])
    with pytest.raises(DataError, match=message):
        given.read()


def test_arrays_are_no_archive_of_captchas(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", X=np.zeros((2, 8, 8)), y=np.array(["12", "34"]))
    with pytest.raises(DataError, match=r"x.npz, received X.npy and 1 more; save each"):
        list_labelled(tmp_path / "x.npz")


def test_a_table_on_its_own_is_named(tmp_path: Path) -> None:
    fill(tmp_path, {"train.parquet": b"PAR1..."})
    with pytest.raises(
        DataError, match=r"received the table or array .*train.parquet, which is not looked into \(save"
    ):
        list_labelled(tmp_path / "train.parquet")


def test_an_archive_beside_the_captchas_stays_a_rejected_file(tmp_path: Path) -> None:
    fill(tmp_path, {f"{text}.png": picture(text) for text in TEXTS[:4]} | {"all.zip": b"PK"})
    assert [entry.text for entry in list_labelled(tmp_path).entries] == sorted(TEXTS[:4])
    bare = fill(tmp_path / "bare", {text: picture(text) for text in TEXTS} | {"all.zip": b"PK"})
    assert {entry.text for entry in list_labelled(bare, "name").entries} >= set(TEXTS), "names without an ending"


def test_a_spreadsheet_beside_the_captchas_is_named(tmp_path: Path) -> None:
    counted = {f"{place}.png": picture(text) for place, text in enumerate(TEXTS)} | {"labels.xlsx": b"PK"}
    with pytest.raises(
        DataError, match=r"labels.xlsx, a spreadsheet \(save it as CSV in the same place, and it is read"
    ):
        list_labelled(fill(tmp_path / "counted", counted))
    named = {f"{text}.png": picture(text) for text in TEXTS} | {"Book1.xls": b"x"}
    (reject,) = list_labelled(fill(tmp_path / "named", named)).rejects
    assert reject.reason == "expected a picture or a clip, received a spreadsheet; save it as CSV if it holds labels."


def test_a_data_set_that_was_written_below_the_captchas_is_passed_over(tmp_path: Path) -> None:
    own = dict.fromkeys(("data/dataset.json", "data/train/part-00000.parquet", "data/sheet.png"), b"x")
    listing = list_labelled(fill(tmp_path / "in", {f"{text}.png": picture(text) for text in TEXTS} | own))
    assert [entry.text for entry in listing.entries] == sorted(TEXTS) and not listing.rejects
    assert listing.notes == ("data is a data set, which is passed over",)
    with pytest.raises(DataError, match="received the data set .*data; captchalab evaluate, train and audit take it"):
        list_labelled(fill(tmp_path / "project", own))


def test_a_table_that_names_no_file_says_so(tmp_path: Path) -> None:
    fill(tmp_path, {"1.png": picture("1"), "b64.csv": b"image,label\niVBORw0KGgo=,1234\niVBORw0KGgp=,5678\n"})
    with pytest.raises(
        DataError, match=r"expected lines of b64.csv that name files beside it, received none that does"
    ):
        list_labelled(tmp_path / "b64.csv")


def test_the_ending_of_the_files_is_in_the_rule(tmp_path: Path) -> None:
    pack(tmp_path / "clips.zip", {f"{text}.wav": b"" for text in TEXTS})
    assert list_labelled(tmp_path / "clips.zip").reading.words == "TEXT.wav"
    assert (
        list_labelled(fill(tmp_path / "in", {f"{t}_1a.JPG": b"" for t in TEXTS})).reading.words == "TEXT_anything.JPG"
    )


def test_an_address_is_no_file() -> None:
    (given,) = expand(["https://example.com/captcha.png"])
    with pytest.raises(DataError, match=r"received the address https://example.com/captcha.png; save what is there"):
        given.read()


def test_a_dash_is_what_is_piped_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"media")))
    (given,) = expand(["-"])
    assert (given.name, given.read()) == ("-", b"media")
    monkeypatch.setattr("captcha_core.sources.expand.MAX_MEDIA_BYTES", 4)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"media")))
    with pytest.raises(DataError, match="expected at most 4 bytes on stdin"):
        given.read()
