"""A wrong answer on the Solve page is put right and becomes a label."""

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from captcha_core.dataset.in_memory import write_samples
from captcha_core.dataset.labels import LabelLog
from captcha_core.dataset.split import SPLITS
from captcha_core.dataset.store import Dataset
from captcha_core.errors import SpecError
from captcha_core.solver import Solver
from captcha_core.spec.sample import Sample
from dashboard import access
from dashboard.solve import correction, solving
from dashboard.solve.uploads import Upload
from tests.conftest import tiny_samples
from tests.dashboard.pages import World, open_page, without_traceback, words_of


@pytest.fixture
def own(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder of its own, with the models of the filled world."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _corrected(sample: Sample, text: str) -> AppTest:
    page = open_page("solve")
    page.file_uploader[0].set_value([("one.png", sample.media, "image/png")])
    without_traceback(page.run())
    field = next(one for one in page.text_input if one.label.startswith("True text"))
    field.set_value(text)
    next(one for one in page.button if one.label == "Save as label").click()
    return without_traceback(page.run())


def test_a_correction_becomes_a_labelled_sample(own: Path) -> None:
    (sample,) = tiny_samples(1, seed=3)
    page = _corrected(sample, "30")
    assert "1 label saved in data/corrections-captcha-tiny" in words_of(page).replace("\\", "")
    dataset = Dataset.open(own / "data" / "corrections-captcha-tiny")
    (saved,) = [one for split in SPLITS for one in dataset.samples(split)]
    assert (saved.id, saved.text, saved.path) == (sample.id, "30", "one.png")
    assert saved.origin["guess"] == sample.text and saved.origin["model"] == "captcha-tiny version 1"


def test_a_captcha_of_a_data_set_gets_a_line_in_its_log(own: Path, tiny_bundle: Path) -> None:
    samples = tiny_samples(5, seed=3)
    bare = [Sample(one.media, None, "captcha.png") for one in samples]
    pool = write_samples(own / "data" / "pool", Solver.load(str(tiny_bundle)).spec, bare, "browser", "1/0/0")
    page = _corrected(samples[2], "30")
    assert "1 label saved in data/pool" in words_of(page).replace("\\", "")
    (label,) = LabelLog.of(pool.path, pool.spec).read()[0]
    assert (label.id, label.text, label.by, label.guess) == (samples[2].id, "30", "hand", samples[2].text)
    assert not (own / "data" / "corrections-captcha-tiny").exists()


def test_a_label_that_cannot_be_gets_a_sentence(own: Path) -> None:
    page = _corrected(tiny_samples(1, seed=3)[0], "9")
    assert "where a label of 2 characters is needed. Correct the label." in words_of(page).replace("\\", "")
    assert not (own / "data").exists() or not list((own / "data").iterdir())


def test_half_a_character_is_no_label(own: Path, tiny_bundle: Path) -> None:
    solver = Solver.load(str(tiny_bundle))
    (result,) = solving.read(solver, [Upload(one.path, one.media, "image") for one in tiny_samples(1, seed=3)])
    with pytest.raises(SpecError, match="in the label '3.ud800'; correct the label"):
        correction.save(solver, [(result, "3\ud800")], "ana")
    assert not (own / "data").exists()


def test_those_who_may_look_cannot_label(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(access.READ_ONLY, "1")
    page = open_page("solve")
    page.file_uploader[0].set_value([("one.png", tiny_samples(1)[0].media, "image/png")])
    without_traceback(page.run())
    assert next(one for one in page.button if one.label == "Save as label").disabled


def test_many_at_once(own: Path, tiny_bundle: Path) -> None:
    solver = Solver.load(str(tiny_bundle))
    items = [Upload(one.path, one.media, "image") for one in tiny_samples(4, seed=6)]
    results = solving.read(solver, items)
    texts = [result.answer.text for result in results if result.answer]
    typed = [texts[0], "31", f" {texts[2]} ", ""]
    changed = correction.corrections(list(zip(results, typed, strict=True)))
    assert [(result.upload.name, text) for result, text in changed] == [(items[1].name, "31")], "the others are as read"
    assert correction.save(solver, changed, "ana").startswith("1 label saved in data/corrections-")
    shutil.rmtree(own / "data")


def test_correct_on_the_card_the_least_sure_first(own: Path) -> None:
    samples = tiny_samples(5, seed=6)
    page = open_page("solve")
    page.file_uploader[0].set_value([(f"{index}.png", one.media, "image/png") for index, one in enumerate(samples)])
    without_traceback(page.run())
    sure = dict(zip(page.dataframe[0].value["file"], page.dataframe[0].value["confidence"], strict=True))
    order = [field.label.removeprefix("True text of ").replace("\\", "") for field in page.text_input]
    assert order == sorted(sure, key=sure.__getitem__)
    page.text_input[0].set_value("30" if page.text_input[0].value != "30" else "31")
    next(one for one in page.button if one.label.startswith("Save what")).click()
    assert "1 label saved in data/corrections-captcha-tiny" in words_of(without_traceback(page.run())).replace("\\", "")


def test_a_drawn_captcha_says_whether_it_was_read_right(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for drawn, verdict in (("12", "wrong: 12 was drawn"), (tiny_samples(1, seed=3)[0].text, "right")):
        sample = Sample(tiny_samples(1, seed=3)[0].media, drawn)
        monkeypatch.setattr("dashboard.solve.drawing.fresh", lambda *_, sample=sample: [sample])
        monkeypatch.setattr("dashboard.solve.drawing.fitting", lambda _: ["digits4"])
        page = open_page("solve", **{"from": "Draw"})
        page.button(key="draw-one").click()
        assert verdict in words_of(without_traceback(page.run()))
