"""What is exported can be imported again and is the same data set."""

import csv
from pathlib import Path

import numpy as np
import pytest

from captcha_core.dataset.export import export_folder, export_tfrecord
from captcha_core.dataset.generate import GenerationRequest, write_drawn
from captcha_core.dataset.import_files import write_import
from captcha_core.dataset.sheet import contact_sheet
from captcha_core.dataset.store import Dataset
from captcha_core.errors import DataError
from captcha_core.media.audio import encode_flac
from captcha_core.sources.folders import list_labelled
from captcha_core.sources.import_spec import SpecOverrides, spec_of
from captcha_core.sources.import_survey import fit, survey
from captcha_core.sources.scheme import Scheme
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample
from tests.dataset.fake_source import SCHEME
from tests.sources.labelled_files import picture


def draw_pictures(scheme: Scheme, seed: int, indices: range, texts: object = None) -> list[Sample]:
    labels = [f"{(index * 7919) % 10_000:04d}" for index in indices]
    return [Sample(picture(text), text, f"{text}.png") for text in labels]


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return write_drawn(tmp_path / "drawn", GenerationRequest(SCHEME, 40, split="0.6/0.2/0.2"), draw=draw_pictures)


def import_again(place: Path, out: Path, rule: str | None = None) -> Dataset:
    listing = list_labelled(place, rule)
    seen = survey(listing)
    spec = spec_of(seen, SpecOverrides())
    fit(seen, spec)
    return write_import(out, listing, seen, spec, split="0.6/0.2/0.2")


def test_a_folder_comes_back_as_the_same_data_set(tmp_path: Path, dataset: Dataset) -> None:
    assert export_folder(dataset, tmp_path / "folder") == 40
    names = [path.name for path in (tmp_path / "folder" / "train").iterdir()]
    assert sorted(name.split("_")[0] for name in names) == sorted(text or "" for text in dataset.texts("train"))
    assert import_again(tmp_path / "folder", tmp_path / "again").digest == dataset.digest
    (tmp_path / "folder" / "labels.csv").unlink()
    assert import_again(tmp_path / "folder", tmp_path / "names", "name-start").digest == dataset.digest


def test_tfrecord_comes_back_as_the_same_data_set(tmp_path: Path, dataset: Dataset) -> None:
    assert export_tfrecord(dataset, tmp_path / "records") == 40
    assert import_again(tmp_path / "records", tmp_path / "again").digest == dataset.digest
    one = list_labelled(tmp_path / "records" / "test.tfrecord")
    assert [entry.text for entry in one.entries] == dataset.texts("test")
    assert [one.files.read(entry.name) for entry in one.entries] == dataset.media("test")
    assert {entry.split for entry in one.entries} <= {None, "test"}


def test_damaged_records_are_refused(tmp_path: Path, dataset: Dataset) -> None:
    export_tfrecord(dataset, tmp_path / "records")
    path = tmp_path / "records" / "train.tfrecord"
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(DataError, match="expected a whole TFRecord file at .*train.tfrecord, received a damaged one"):
        list_labelled(tmp_path / "records")


def test_characters_that_names_cannot_hold_are_in_the_table(tmp_path: Path) -> None:
    def draw(scheme: Scheme, seed: int, indices: range, texts: object = None) -> list[Sample]:
        return [Sample(b"same", "1/2:") for _ in indices]

    dataset = write_drawn(tmp_path / "d", GenerationRequest(SCHEME, 3, split="1/0/0"), draw=draw)
    export_folder(dataset, tmp_path / "out")
    rows = list(csv.DictReader((tmp_path / "out" / "labels.csv").open(encoding="utf-8")))
    assert {row["text"] for row in rows} == {"1/2:"} and len({row["file"] for row in rows}) == 3
    assert all((tmp_path / "out" / row["file"]).read_bytes() == b"same" for row in rows)


@pytest.mark.parametrize("export", [export_folder, export_tfrecord])
def test_a_folder_with_something_in_it_is_refused(tmp_path: Path, dataset: Dataset, export) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("x", encoding="utf-8")
    with pytest.raises(DataError, match="expected a new or empty folder to write to"):
        export(dataset, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]


def test_the_folder_one_is_in_is_refused_before_the_work(
    tmp_path: Path, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path / "out")
    with pytest.raises(DataError, match="expected a folder that can be replaced as a whole, received ., which you are"):
        export_folder(dataset, Path())


@pytest.mark.parametrize("export", [export_folder, export_tfrecord])
def test_an_export_that_fails_leaves_nothing(tmp_path: Path, dataset: Dataset, export) -> None:  # type: ignore[no-untyped-def]
    next((tmp_path / "drawn" / "test").glob("*.parquet")).write_bytes(b"damaged")
    with pytest.raises(DataError, match="expected a whole Parquet shard"):
        export(dataset, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["drawn"]


def test_a_sheet_shows_every_sample(dataset: Dataset) -> None:
    samples = dataset.spread("train", 10)
    page = contact_sheet(samples, dataset.spec, columns=4)
    cell_height, cell_width = 16 + 18 + 8, 32 + 8
    assert page.shape == (3 * cell_height + 8, 4 * cell_width + 8, 3)
    for place in range(12):
        row, column = divmod(place, 4)
        cell = page[8 + row * cell_height :, 8 + column * cell_width :][:16, :32]
        assert (cell.std() > 20) == (place < len(samples))


def test_a_sheet_shows_clips() -> None:
    spec = CaptchaSpec.build(
        media="audio", alphabet="0123456789", min_length=1, max_length=4, sample_rate_hz=8000, max_seconds=2
    )
    loud, soft = (Sample(encode_flac(np.sin(np.arange(8000)) * level, 8000), "12") for level in (0.9, 0.1))
    inked = [int((contact_sheet([sample], spec)[8:72, 8:248] < 200).any(axis=2).sum()) for sample in (loud, soft)]
    assert inked[0] > 5 * inked[1] > 0


def test_a_text_wider_than_its_picture_does_not_run_into_the_next(dataset: Dataset) -> None:
    long, short = (Sample(picture("1234"), text) for text in ("8" * 40, "8"))
    spec = dataset.spec
    beside_long, beside_short = (contact_sheet([first, short], spec, columns=2) for first in (long, short))
    assert beside_long.shape[1] > beside_short.shape[1]
    left = beside_short.shape[1] // 2 + 4  # of the second picture
    widened = (beside_long.shape[1] - beside_short.shape[1]) // 2
    second = slice(left + widened, left + widened + spec.width_px)
    np.testing.assert_array_equal(beside_long[:, second], beside_short[:, left : left + spec.width_px])
