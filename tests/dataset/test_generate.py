"""An request says what is drawn; what cannot be drawn is refused before anything is written."""

from collections import Counter
from pathlib import Path

import pytest

from captcha_core.dataset.generate import GenerationRequest, TextChoice, write_drawn
from captcha_core.errors import DataError, SpecError
from captcha_core.sources.scheme import Scheme
from captcha_core.spec.captcha import CaptchaSpec
from tests.dataset.fake_source import SCHEME, draw_samples


def short_scheme(length: int = 2, alphabet: str = "0123456789") -> Scheme:
    fields = SCHEME.spec.model_dump() | {"min_length": length, "max_length": length, "alphabet": alphabet}
    return SCHEME.model_copy(update={"spec": CaptchaSpec.build(**fields)})


def drawn_texts(folder: Path, request: GenerationRequest) -> dict[str, list[str | None]]:
    dataset = write_drawn(folder, request, draw=draw_samples)
    return {split: dataset.texts(split) for split in dataset.counts}


def test_every_text_is_drawn_once_an_epoch(tmp_path: Path) -> None:
    request = GenerationRequest(short_scheme(), 0, seed=1, texts=TextChoice("enumerate", epochs=3), split="200/0/100")
    texts = drawn_texts(tmp_path / "d", request)
    assert Counter(texts["train"]) == {f"{number:02d}": 2 for number in range(100)}
    assert sorted(texts["test"], key=str) == [f"{number:02d}" for number in range(100)]


def test_a_unique_sample_repeats_nothing(tmp_path: Path) -> None:
    texts = drawn_texts(tmp_path / "d", GenerationRequest(short_scheme(), 90, texts=TextChoice("unique")))
    everything = [text for split in texts.values() for text in split]
    assert len(everything) == len(set(everything)) == 90


def test_distinct_characters_are_distinct(tmp_path: Path) -> None:
    request = GenerationRequest(short_scheme(3, "0123"), 0, texts=TextChoice("enumerate", distinct_characters=True))
    texts = [text for split in drawn_texts(tmp_path / "d", request).values() for text in split]
    assert len(texts) == len(set(texts)) == 24 and all(len(set(text or "")) == 3 for text in texts)


def test_the_same_order_draws_the_same(tmp_path: Path) -> None:
    choice = TextChoice("unique")
    digests = [
        write_drawn(
            tmp_path / name, GenerationRequest(short_scheme(), 80, seed, texts=choice), draw=draw_samples
        ).digest
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    ]
    assert digests[0] == digests[1] != digests[2]


def test_knobs_are_part_of_the_plan(tmp_path: Path) -> None:
    write_drawn(tmp_path / "d", GenerationRequest(SCHEME, 20), draw=draw_samples)
    with pytest.raises(DataError, match="specks 3 instead of 9"):
        write_drawn(tmp_path / "d", GenerationRequest(SCHEME.turned(specks=9), 20), draw=draw_samples)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"count": 0}, "expected a count of at least 1, received 0"),
        ({"count": -5}, "expected a count of at least 1, received -5"),
        ({"count": 101, "texts": TextChoice("unique")}, "at most 100 unique texts .* received a count of 101"),
        ({"count": 50, "texts": TextChoice("enumerate")}, "expected no count, or 100, to go through all texts"),
        ({"count": 5, "texts": TextChoice("unique"), "source": "package"}, "take the source fast or exact"),
    ],
)
def test_orders_that_cannot_be_met_are_refused(fields: dict, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        GenerationRequest(short_scheme(), **fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kind": "enumerate", "epochs": 0}, "at least 1 epoch, received 0"),
        ({"kind": "unique", "epochs": 2}, "expected epochs of an enumeration"),
        ({"distinct_characters": True}, "expected unique or enumerated texts"),
    ],
)
def test_choices_that_contradict_themselves_are_refused(fields: dict, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        TextChoice(**fields)


def test_a_wrong_split_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="split counts that add up to 20, received 21"):
        write_drawn(tmp_path / "d", GenerationRequest(SCHEME, 20, split="20/1/0"), draw=draw_samples)
    assert not (tmp_path / "d").exists()
