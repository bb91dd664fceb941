"""Clips on the pages: heard, seen with their characters at their times, and compared."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from captcha_core.bundle.bundle import Bundle
from captcha_core.dataset.in_memory import write_samples
from captcha_core.evaluation.report import Report
from captcha_core.features.clip_picture import SPAN
from captcha_core.registry.versions import register, set_champion
from captcha_core.solver import Solver
from captcha_core.spec.answer import Answer
from captcha_core.spec.sample import Sample
from captcha_core.tracking.runs import start_run
from tests.conftest import tone_clip, tone_spec
from tests.dashboard.pages import open_page, without_traceback, words_of

NAME = "captcha-tones"


def _samples() -> list[Sample]:
    texts = ["01", "12", "20", "02"]
    return [Sample(tone_clip(text, (0.5, 1.5), 2.5), text, f"{text}.wav") for text in texts]


@pytest.fixture
def heard(fresh: Path, tone_bundle: Path) -> Iterator[tuple[str, str]]:
    """Two runs on clips that are in a data set: the first reads all of them, the second none."""
    samples, solver = _samples(), Solver.load(str(tone_bundle))
    write_samples(fresh / "data" / "tones", tone_spec(), samples, "import", "0/0/1")
    ids = []
    for wrong in (False, True):
        answers = [solver.solve(sample.media) for sample in samples]
        answers = [Answer("0", 0.7, one.characters, one.elapsed_ms) if wrong else one for one in answers]
        report = Report(solver.spec, samples, answers)
        with start_run("tones", {"captchalab.kind": "train"}) as run:
            run.params({"spec": {"media": "audio"}})
            run.metrics({f"test_{key}": value for key, value in report.numbers.items()})
            report.write(fresh / "report")
            run.folder(fresh / "report", "report")
            register(run, Bundle.open(tone_bundle), NAME)
        ids.append(run.id)
    set_champion(NAME, "1")
    yield ids[0], ids[1]


def test_one_clip_is_drawn_with_its_characters_at_their_times(heard: tuple[str, str]) -> None:
    page = open_page("solve")
    page.file_uploader[0].set_value([("clip.wav", tone_clip("12", (1.0, 2.5), 4.0), "audio/wav")])
    without_traceback(page.run())
    assert page.code[0].value == "12"
    (encoded,) = re.findall(r'cl-clip" alt="clip.wav" src="data:image/png;base64,([^"]+)"', words_of(page))
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(encoded), np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1]
    marked = np.flatnonzero((picture[3] == SPAN).all(axis=1)) / picture.shape[1] * 4.0
    assert marked.min() == pytest.approx(1.0, abs=0.1) and marked.max() == pytest.approx(2.8, abs=0.1)
    assert not ((marked > 1.45) & (marked < 2.4)).any(), "silence between the two"


def test_many_clips_can_be_played(heard: tuple[str, str]) -> None:
    page = open_page("solve")
    page.file_uploader[0].set_value([(one.path, one.media, "audio/wav") for one in _samples()])
    without_traceback(page.run())
    assert "4 captchas read" in words_of(page) and len(page.get("audio")) == 4
    assert list(page.dataframe[0].value["text"]) == ["01", "12", "20", "02"]


def test_mistakes_and_pairs_can_be_played(heard: tuple[str, str]) -> None:
    mistakes = without_traceback(open_page("mistakes", run=heard[1]))
    assert len(mistakes.get("audio")) == 4
    pairs = without_traceback(open_page("compare", runs=",".join(heard), view="Pairs"))
    assert len(pairs.get("audio")) == 4 and "picture not here" not in words_of(pairs)


def test_a_picture_for_a_model_of_clips_gets_a_sentence(heard: tuple[str, str]) -> None:
    page = open_page("solve")
    page.file_uploader[0].set_value([("one.png", cv2.imencode(".png", np.zeros((9, 9)))[1].tobytes(), "image/png")])
    assert "This is a picture; the model reads a clip" in words_of(without_traceback(page.run()))
