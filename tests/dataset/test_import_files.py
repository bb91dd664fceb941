"""Imported files become a data set with their bytes untouched, and what was left out is written beside it."""

import csv
from pathlib import Path

import pytest

from captcha_core.dataset.import_files import write_import
from captcha_core.dataset.store import Dataset
from captcha_core.errors import DataError
from captcha_core.sources.folders import list_labelled
from captcha_core.sources.import_spec import SpecOverrides, spec_of
from captcha_core.sources.import_survey import fit, survey
from tests.sources.labelled_files import TEXTS, fill, in_format, pack, picture


def bring_in(place: Path, out: Path, split: str = "0.5/0.25/0.25", rule: str | None = None) -> Dataset:
    listing = list_labelled(place, rule)
    seen = survey(listing)
    spec = spec_of(seen, SpecOverrides())
    fit(seen, spec)
    return write_import(out, listing, seen, spec, split=split)


def test_bytes_and_labels_come_through(tmp_path: Path) -> None:
    names = {f"{text}.png": picture(text) for text in TEXTS}
    dataset = bring_in(fill(tmp_path / "in", names), tmp_path / "out")
    samples = [sample for split in dataset.counts for sample in dataset.samples(split)]
    assert {sample.path: sample.media for sample in samples} == names
    assert {sample.text for sample in samples} == set(TEXTS)
    assert dataset.scheme is None and dataset.seed is None
    assert not (tmp_path / "out" / "rejects.csv").exists()


def test_every_usual_image_comes_through(tmp_path: Path) -> None:
    kinds = [("PNG", "P"), ("PNG", "RGBA"), ("PNG", "I;16"), ("PNG", "1"), ("JPEG", "L"), ("GIF", "P"), ("BMP", "RGB")]
    names = {f"{1000 + 37 * place}.{kind.lower()}": in_format(kind, mode) for place, (kind, mode) in enumerate(kinds)}
    dataset = bring_in(fill(tmp_path / "in", names), tmp_path / "out", split="1/0/0")
    assert dict(zip(dataset.texts("train"), dataset.media("train"), strict=True)) == {
        name[:4]: content for name, content in names.items()
    }


def test_rejects_are_written_beside_it(tmp_path: Path) -> None:
    names = {f"{text}.png": picture(text) for text in TEXTS} | {"0001.png": b"no picture", "caf\udce9.txt": b""}
    bring_in(fill(tmp_path / "in", names), tmp_path / "out")
    rows = list(csv.DictReader((tmp_path / "out" / "rejects.csv").open(encoding="utf-8")))
    assert [row["file"] for row in rows] == ["0001.png", "caf\\udce9.txt"]
    assert rows[0]["reason"].startswith("expected a PNG")


def test_rejects_of_an_earlier_import_do_not_stay(tmp_path: Path) -> None:
    place = fill(tmp_path / "in", {f"{text}.png": picture(text) for text in TEXTS} | {"0001.png": b"no picture"})
    bring_in(place, tmp_path / "out")
    (place / "0001.png").unlink()
    bring_in(place, tmp_path / "out")
    assert not (tmp_path / "out" / "rejects.csv").exists()


def test_a_folder_and_its_zip_are_the_same_data_set(tmp_path: Path) -> None:
    names = {f"{text}.png": picture(text) for text in TEXTS}
    one = bring_in(fill(tmp_path / "in", names), tmp_path / "one")
    two = bring_in(pack(tmp_path / "in.zip", names), tmp_path / "two")
    assert one.digest == two.digest


def test_a_repeated_picture_is_in_one_split_alone(tmp_path: Path) -> None:
    names = {f"{text}_{copy}.png": picture(text) for text in TEXTS for copy in range(3)}
    dataset = bring_in(fill(tmp_path / "in", names), tmp_path / "out")
    ids = [set(dataset.ids(split)) for split in dataset.counts]
    assert sum(map(len, ids)) == len(set.union(*ids)) == len(TEXTS)
    assert sum(dataset.counts.values()) == len(names)


def test_splits_of_folders_can_be_kept(tmp_path: Path) -> None:
    names = {f"{split}/{text}.png": picture(text) for split, text in zip(("train", "val", "test"), TEXTS, strict=False)}
    dataset = bring_in(fill(tmp_path / "in", names), tmp_path / "out", split="keep")
    assert [dataset.texts(split) for split in dataset.counts] == [[text] for text in TEXTS[:3]]


def test_a_split_that_is_none_is_not_taken_for_training(tmp_path: Path) -> None:
    fill(tmp_path / "in", {f"{text}.png": picture(text) for text in TEXTS[:2]})
    table = f"file,text,split\n{TEXTS[0]}.png,{TEXTS[0]},train\n{TEXTS[1]}.png,{TEXTS[1]},fold3\n"
    (tmp_path / "in" / "labels.csv").write_text(table, encoding="utf-8")
    with pytest.raises(DataError, match="train, validation or test.*received 'fold3'"):
        bring_in(tmp_path / "in", tmp_path / "out", split="keep")
    assert not (tmp_path / "out").exists()
    assert sum(bring_in(tmp_path / "in", tmp_path / "out").counts.values()) == 2, "the column does not count"


def test_a_class_a_folder(tmp_path: Path) -> None:
    fill(tmp_path / "in", {f"{digit}/{n}.png": picture(f"{digit}{n}") for digit in (0, 3, 7) for n in range(4)})
    dataset = bring_in(tmp_path / "in", tmp_path / "out", split="1/0/0")
    assert sorted(dataset.texts("train"), key=str) == [str(digit) for digit in (0, 3, 7) for _ in range(4)]


def test_a_file_that_changes_under_way_stops_the_import(tmp_path: Path) -> None:
    fill(tmp_path / "in", {f"{text}.png": picture(text) for text in TEXTS})
    listing = list_labelled(tmp_path / "in")
    seen = survey(listing)
    spec = spec_of(seen, SpecOverrides())
    (tmp_path / "in" / f"{TEXTS[2]}.png").write_bytes(b"another")
    with pytest.raises(DataError, match=r"expected .*png to stay as it was, received a changed file"):
        write_import(tmp_path / "out", listing, seen, spec)
    assert not (tmp_path / "out").exists()


def test_other_files_do_not_continue_an_import(tmp_path: Path) -> None:
    bring_in(fill(tmp_path / "in", {f"{text}.png": picture(text) for text in TEXTS}), tmp_path / "out")
    fill(tmp_path / "in", {"5555.png": picture("5555")})
    with pytest.raises(DataError, match="received another one .*count 6 instead of 7"):
        bring_in(tmp_path / "in", tmp_path / "out")
