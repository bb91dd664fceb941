"""The road from bytes to text."""

import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from captcha_core.errors import DataError, ModelError
from captcha_core.models.decode import Limits
from captcha_core.solver import Solver
from tests.conftest import tiny_samples, tone_clip


def test_it_reads(tiny_bundle: Path) -> None:
    solver = Solver.load(str(tiny_bundle))
    samples = tiny_samples(100, seed=7)
    answers = [solver.solve(sample.media) for sample in samples]
    assert np.mean([answer.text == sample.text for answer, sample in zip(answers, samples, strict=True)]) > 0.9
    for answer in answers:
        assert "".join(character.character for character in answer.characters) == answer.text
        assert answer.confidence == pytest.approx(np.prod([c.confidence for c in answer.characters]))
        assert answer.elapsed_ms > 0


def test_many_at_once_are_read_as_one_by_one(tiny_bundle: Path) -> None:
    solver = Solver.load(str(tiny_bundle))
    media = [sample.media for sample in tiny_samples(70, seed=8)]
    one_by_one = [solver.solve(one) for one in media]
    for mine, theirs in zip(solver.solve_many(media), one_by_one, strict=True):
        assert mine.text == theirs.text
        assert mine.confidence == pytest.approx(theirs.confidence, abs=1e-4)


def test_litert_computes_what_keras_computes(tiny_bundle: Path) -> None:
    solver = Solver.load(str(tiny_bundle))
    model = keras.saving.load_model(tiny_bundle / "model.keras", compile=False)
    features = np.stack([solver.features(sample.media) for sample in tiny_samples(50, seed=9)])
    assert np.abs(solver.logits(features) - model.predict(features, verbose=0)).max() < 1e-3


def test_narrower_limits_are_kept_to(tiny_bundle: Path) -> None:
    solver = Solver.load(str(tiny_bundle))
    limits = Limits.of(solver.spec, alphabet="01")
    texts = [solver.solve(sample.media, limits).text for sample in tiny_samples(20)]
    assert set("".join(texts)) <= set("01")


def test_what_is_no_image_is_refused(tiny_bundle: Path) -> None:
    with pytest.raises(DataError, match="expected a PNG"):
        Solver.load(str(tiny_bundle)).solve(b"hello")


@pytest.mark.parametrize("uri", ["models:/x", "models:/x@", "models:/@champion", "runs:/abc", "models:/a/b/c"])
def test_an_address_of_no_known_form_is_refused(uri: str) -> None:
    with pytest.raises(ModelError, match="expected models:/NAME@ALIAS"):
        Solver.load(uri)


def test_tensorflow_is_never_imported(tiny_bundle: Path, tmp_path: Path) -> None:
    image = tmp_path / "image.png"
    image.write_bytes(tiny_samples(1)[0].media)
    program = (
        "import sys\n"
        "from experiments.cli import main\n"
        "try:\n"
        f"    main(['solve', {str(image)!r}, '--model', {str(tiny_bundle)!r}])\n"
        "except SystemExit as stop:\n"
        "    assert stop.code == 0, stop.code\n"
        "heavy = {'tensorflow', 'keras', 'mlflow', 'librosa', 'scipy', 'pandas', 'torch'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("seconds", [2.6, 5.0])
def test_characters_of_a_clip_have_the_times_at_which_they_are_heard(tone_bundle: Path, seconds: float) -> None:
    solver = Solver.load(str(tone_bundle))
    starts_s = (0.2, 0.9, 2.1) if seconds < 4 else (0.5, 3.0, 4.4)
    answer = solver.solve(tone_clip("201", starts_s, seconds))
    assert answer.text == "201"
    step_s = 4 * 0.016  # the network takes four frames at a time
    for character, start_s in zip(answer.characters, starts_s, strict=True):
        assert character.span_s is not None
        assert character.span_s[0] == pytest.approx(start_s, abs=1.5 * step_s)
        assert character.span_s[1] == pytest.approx(start_s + 0.3, abs=1.5 * step_s)
    (together,) = solver.solve_many([tone_clip("201", starts_s, seconds)])
    assert [one.span_s for one in together.characters] == [one.span_s for one in answer.characters]


def test_characters_of_a_picture_have_no_times(tiny_bundle: Path) -> None:
    answer = Solver.load(str(tiny_bundle)).solve(tiny_samples(1)[0].media)
    assert [character.span_s for character in answer.characters] == [None, None]
