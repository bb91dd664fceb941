"""Where no model has been trained, the builtin reader makes the first guesses on the Label page."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from captcha_core.dataset.in_memory import write_samples
from captcha_core.media.image import encode_png
from captcha_core.solver import Solver
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample
from dashboard.label.labelling import builtin_helps, guess_of


def page(text: str) -> bytes:
    pixels = np.full((40, 130, 1), 255, np.uint8)
    cv2.putText(pixels, text, (10, 29), cv2.FONT_HERSHEY_SIMPLEX, 0.9, 0, 2, cv2.LINE_AA)
    return encode_png(pixels)


def spec_of(alphabet: str) -> CaptchaSpec:
    return CaptchaSpec.build(
        media="image", alphabet=alphabet, min_length=4, max_length=4, height_px=40, width_px=130, channels=1
    )


@pytest.mark.parametrize("alphabet, text", [("0123456789", "4821"), ("abdefhknr", "bAKe")])
def test_a_guess_is_written_as_the_alphabet_writes_it(alphabet: str, text: str) -> None:
    guess = guess_of(Solver.load("builtin"), page(text), spec_of(alphabet))
    assert guess.text is not None and len(guess.text) == 4 and set(guess.text) <= set(alphabet)
    assert guess.text == text.lower()


@pytest.mark.parametrize("alphabet, helps", [("0123456789", True), ("жщфюя12", False)])
def test_it_offers_itself_where_it_knows_the_characters(alphabet: str, helps: bool, tmp_path: Path) -> None:
    samples = [Sample(media=page(text), text=None, path=f"{text}.png") for text in ("4821", "1234", "7700")]
    dataset = write_samples(tmp_path / "data", spec_of(alphabet), samples, "test", "1/0/0")
    assert builtin_helps(dataset) is helps
