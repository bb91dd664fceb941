"""You against the model: what is judged, timed and kept, and that nothing is kept without consent."""

from pathlib import Path

import pytest

from captcha_core.assessment.people import attempts, measured
from captcha_core.dataset.in_memory import write_samples
from captcha_core.dataset.store import Dataset
from captcha_core.solver import Solver
from captcha_core.spec.captcha import CaptchaSpec
from dashboard.you.turns import COUNT, answer, begin, read_by
from tests.conftest import tiny_samples
from tests.dashboard.pages import open_page, without_traceback


@pytest.fixture
def dataset(tmp_path: Path, tiny_spec: CaptchaSpec) -> Dataset:
    return write_samples(tmp_path / "set", tiny_spec, tiny_samples(40), "drawn", "10/0/30")


def test_twenty_are_shown_judged_timed_and_kept(dataset: Dataset) -> None:
    turns = begin(dataset, " ada ", seed=1)
    assert len(turns.samples) == COUNT and {one.id for one in turns.samples} <= set(dataset.ids("test"))
    while (sample := turns.current) is not None:
        turns.shown_s = 10.0
        typed = f" {sample.text} " if turns.place % 2 else "9x"
        answer(turns, dataset, typed, 12.5)
    found = measured(attempts(dataset.path))
    assert found is not None and (found.right.hits, found.right.n) == (COUNT // 2, COUNT)
    assert (found.seconds, found.people, found.captchas) == (2.5, 1, COUNT)
    assert {one.who for one in attempts(dataset.path)} == {"ada"}


def test_a_damaged_line_is_passed_over(dataset: Dataset) -> None:
    turns = begin(dataset, "")
    answer(turns, dataset, "", 1.0)
    with (dataset.path / "people.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"id": "cut')
    assert len(attempts(dataset.path)) == 1


def test_nothing_starts_without_consent(fresh: Path, tiny_spec: CaptchaSpec) -> None:
    write_samples(fresh / "data" / "set", tiny_spec, tiny_samples(40), "drawn", "10/0/30")
    page = without_traceback(open_page("you"))
    assert page.button(key="you-start").disabled
    page.checkbox(key="you-consent").check().run()
    assert not page.button(key="you-start").disabled
    page.button(key="you-start").click().run()
    without_traceback(page)
    assert any(f"1 of {COUNT}" in one.value for one in page.caption)


def test_a_model_reads_the_same_captchas(dataset: Dataset, tiny_bundle: Path) -> None:
    turns = begin(dataset, "ada", seed=1)
    beside = read_by(Solver.load(str(tiny_bundle)), turns, dataset)
    read = [text == sample.text for text, sample in zip(beside.texts, turns.samples, strict=True)]
    assert (beside.right.hits, beside.right.n) == (sum(read), COUNT) and beside.ms > 0


def test_what_was_typed_is_shown_and_kept_nowhere(dataset: Dataset) -> None:
    turns = begin(dataset, "ada", seed=1)
    answer(turns, dataset, " 9x ", 1.0)
    assert turns.typed == ["9x"] and "9x" not in (dataset.path / "people.jsonl").read_text(encoding="utf-8")
