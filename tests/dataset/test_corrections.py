"""Corrections: a data set that grows one by one, and holds each captcha once with its last word."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from captcha_core.dataset.corrections import SOURCE, Corrections
from captcha_core.dataset.in_memory import write_samples
from captcha_core.dataset.labels import Label, now
from captcha_core.dataset.split import SPLITS
from captcha_core.dataset.store import Dataset
from captcha_core.errors import DataError, SpecError
from captcha_core.spec.captcha import CaptchaSpec
from tests.conftest import tiny_samples


def _label(text: str, guess: str = "00") -> Label:
    return Label(id="", text=text, by="hand", who="ana", when=now(), model="tiny version 1", guess=guess)


def _texts(dataset: Dataset) -> dict[str, str | None]:
    return {sample.id: sample.text for split in SPLITS for sample in dataset.samples(split)}


def test_each_captcha_once_with_its_last_word(tiny_spec: CaptchaSpec, tmp_path: Path) -> None:
    mine = Corrections(tmp_path / "data" / "corrections", tiny_spec)
    first, second = tiny_samples(2, seed=3)
    mine.keep(first.media, "a.png", _label("12"))
    mine.keep(second.media, "b.png", _label("33"))
    dataset = mine.keep(first.media, "a.png", _label("21"))
    dataset.verify()
    assert _texts(dataset) == {first.id: "21", second.id: "33"}
    assert dataset.manifest.source == SOURCE
    kept = next(sample for split in SPLITS for sample in dataset.samples(split) if sample.id == first.id)
    assert (kept.path, kept.origin["who"], kept.origin["guess"]) == ("a.png", "ana", "00")


def test_a_captcha_stays_in_its_split_while_others_come(tiny_spec: CaptchaSpec, tmp_path: Path) -> None:
    mine = Corrections(tmp_path / "corrections", tiny_spec)
    samples, before = tiny_samples(25, seed=4), {}
    for sample in samples:
        dataset = mine.keep(sample.media, sample.path, _label(sample.text or ""))
        now_in = {identity: split for split in SPLITS for identity in dataset.ids(split)}
        assert before.items() <= now_in.items()
        before = now_in
    assert len(before) == 25 and len(set(before.values())) > 1


def test_a_kill_while_they_are_replaced_loses_none(tiny_spec: CaptchaSpec, tmp_path: Path) -> None:
    mine = Corrections(tmp_path / "corrections", tiny_spec)
    first, second = tiny_samples(2, seed=3)
    mine.keep(first.media, "a.png", _label("12"))
    mine.folder.rename(tmp_path / ".corrections.old")
    assert _texts(mine.keep(second.media, "b.png", _label("33"))) == {first.id: "12", second.id: "33"}


def test_several_at_once_lose_nothing(tiny_spec: CaptchaSpec, tmp_path: Path) -> None:
    mine = Corrections(tmp_path / "corrections", tiny_spec)
    samples = tiny_samples(12, seed=5)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda sample: mine.keep(sample.media, sample.path, _label(sample.text or "")), samples))
    assert _texts(Dataset.open(mine.folder)) == {sample.id: sample.text for sample in samples}


def test_what_does_not_fit_is_refused(tiny_spec: CaptchaSpec, tmp_path: Path) -> None:
    mine = Corrections(tmp_path / "corrections", tiny_spec)
    (sample,) = tiny_samples(1)
    with pytest.raises(SpecError, match="expected a label of 2 characters"):
        mine.keep(sample.media, "a.png", _label("123"))
    assert not mine.folder.exists()
    mine.keep(sample.media, "a.png", _label("12"))
    wider = CaptchaSpec.build(**{**tiny_spec.model_dump(exclude_none=True), "alphabet": "01234"})
    with pytest.raises(DataError, match="expected corrections of one kind of captcha"):
        replace(mine, spec=wider).keep(sample.media, "a.png", _label("12"))
    write_samples(tmp_path / "other", tiny_spec, [sample], "import", "1/0/0")
    with pytest.raises(DataError, match="received a data set made by import"):
        Corrections(tmp_path / "other", tiny_spec).keep(sample.media, "a.png", _label("12"))
