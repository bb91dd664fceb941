"""Labels that do not keep the case of the letters in their pictures are found by looking at the pictures."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from captcha_core.media.audio import encode_wav
from captcha_core.media.image import encode_png
from captcha_core.sources.folders import list_labelled
from captcha_core.sources.import_spec import SpecOverrides, spec_of
from captcha_core.sources.import_survey import survey
from captcha_core.sources.programs.probe import scheme_of_program
from captcha_core.sources.programs.process import python_command
from captcha_core.sources.programs.scheme import program_samples
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample
from captcha_core.workflows.letter_case import OTHER_CASE, ignores_case, in_case_of_pictures, other_case_share
from tests.sources.labelled_files import fill

SPEC = CaptchaSpec.build(
    media="image", alphabet="abdefghnrtABDEFGHNRT", min_length=4, max_length=4, height_px=40, width_px=130, channels=1
)


def picture(text: str) -> bytes:
    pixels = np.full((40, 130, 1), 255, np.uint8)
    cv2.putText(pixels, text, (10, 29), cv2.FONT_HERSHEY_SIMPLEX, 0.9, 0, 2, cv2.LINE_AA)
    return encode_png(pixels)


def drawn(count: int) -> list[str]:
    rng = np.random.default_rng(0)
    return ["".join(rng.choice(list(SPEC.alphabet), 4)) for _ in range(count)]


@pytest.mark.parametrize("keeps", [True, False])
def test_labels_are_held_against_the_pictures(keeps: bool) -> None:
    samples = [Sample(media=picture(text), text=text if keeps else text.lower()) for text in drawn(50)]
    share = other_case_share(samples, SPEC)
    assert share is not None and (share < OTHER_CASE) is keeps


PROGRAM = """
import random
import cv2, numpy as np

def draw(seed, index):
    rng = random.Random(seed * 10_000 + index)
    text = "".join(rng.choice("abdefghnrtABDEFGHNRT") for _ in range(4))
    pixels = np.full((40, 130), 255, np.uint8)
    cv2.putText(pixels, SHOWN(text), (10, 29), cv2.FONT_HERSHEY_SIMPLEX, 0.9, 0, 2, cv2.LINE_AA)
    return text, cv2.imencode(".png", pixels)[1].tobytes()
"""


@pytest.mark.slow  # starts a program
@pytest.mark.parametrize(("shown", "folds"), [("str.upper", True), ("str", False)])
def test_a_program_that_draws_capitals_whatever_it_writes_has_no_case(shown: str, folds: bool, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(PROGRAM.replace("SHOWN", shown), encoding="utf-8")
    written = scheme_of_program(python_command(f"{tmp_path / 'mine.py'}:draw"), SpecOverrides())
    told: list[str] = []
    scheme = in_case_of_pictures(written, told.append)
    assert (scheme.spec.folds_case, len(told)) == (folds, folds)
    drawn = "".join(one.text or "" for one in program_samples(scheme, 3, range(20)))
    assert drawn.islower() is folds


def test_too_few_letters_tell_nothing() -> None:
    assert other_case_share([Sample(media=picture("ab"), text="ab")], SPEC) is None


@pytest.mark.parametrize("names, ignored", [(("4ujRs2", "a5k2zm"), True), (("4ujrs2", "a5k2zm"), False)])
def test_spoken_letters_have_no_case(names: tuple[str, ...], ignored: bool, tmp_path: Path) -> None:
    tone = np.sin(np.arange(8_000) / 5).astype(np.float32) / 2
    clips = {f"{name}.wav": encode_wav(tone * (1 - 0.1 * n), 8_000) for n, name in enumerate(names)}
    listing = list_labelled(fill(tmp_path, clips), "filename")
    assert ignores_case(listing, spec_of(survey(listing), SpecOverrides())) is ignored
