from pathlib import Path

import pytest

from captcha_core.dataset.collection import CollectionBuffer
from captcha_core.errors import DataError
from captcha_core.sources.import_spec import SpecOverrides
from captcha_core.spec.sample import Sample
from tests.conftest import tiny_samples

WISHES = SpecOverrides(alphabet="0123", min_length=2, max_length=2)


def collected(count: int) -> list[Sample]:
    return [Sample(sample.media, None, origin={"source": "browser", "url": "u"}) for sample in tiny_samples(count)]


def test_what_was_added_is_there_for_the_next_process(tmp_path: Path) -> None:
    for sample in collected(3):
        CollectionBuffer(tmp_path / "pool").add(sample)
    again = CollectionBuffer(tmp_path / "pool").samples()
    assert [sample.id for sample in again] == [sample.id for sample in collected(3)]
    assert again[0].origin == {"source": "browser", "url": "u"}


def test_a_stop_in_the_middle_of_a_file_or_a_line_costs_that_captcha_alone(tmp_path: Path) -> None:
    buffer = CollectionBuffer(tmp_path / "pool")
    for sample in collected(4):
        buffer.add(sample)
    files = buffer.folder / "files"
    cut = files / next(path.name for path in files.iterdir() if path.stem == collected(4)[1].id)
    cut.write_bytes(cut.read_bytes()[:20])
    index = buffer.folder / "index.jsonl"
    index.write_bytes(index.read_bytes()[:-9])
    assert [sample.id for sample in buffer.samples()] == [collected(4)[0].id, collected(4)[2].id]


def test_what_comes_after_a_line_that_was_cut_off_is_kept(tmp_path: Path) -> None:
    buffer = CollectionBuffer(tmp_path / "pool")
    first, second, third = collected(3)
    buffer.add(first)
    buffer.add(second)
    index = buffer.folder / "index.jsonl"
    index.write_bytes(index.read_bytes()[:-9])
    buffer.add(third)
    assert [sample.id for sample in buffer.samples()] == [first.id, third.id]


def test_a_data_set_can_be_collected_into_the_folder_one_is_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pool").mkdir()
    monkeypatch.chdir(tmp_path / "pool")
    buffer = CollectionBuffer(Path())
    for sample in collected(4):
        buffer.add(sample)
    assert sum(buffer.finish(WISHES, "1/0/0").counts.values()) == 4
    assert [path.name for path in tmp_path.iterdir()] == ["pool"]


def test_the_finished_data_set_has_no_labels_and_the_stash_is_gone(tmp_path: Path) -> None:
    buffer = CollectionBuffer(tmp_path / "pool")
    for sample in collected(20):
        buffer.add(sample)
    dataset = buffer.finish(WISHES, "0.5/0.25/0.25")
    assert sum(dataset.counts.values()) == 20
    assert {text for split in dataset.counts for text in dataset.texts(split)} == {None}
    assert dataset.spec.size_px == (16, 32) and dataset.spec.alphabet == "0123"
    assert not buffer.folder.exists()


def test_nothing_collected(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected collected captchas in .*pool.part, received none"):
        CollectionBuffer(tmp_path / "pool").finish(WISHES, "1/0/0")
