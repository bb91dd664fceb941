"""A label is weighed as a whole text, in the classes of the data set, against what a reader reads."""

import math
from typing import Any

import numpy as np

from captcha_core.audit.doubt import FLAGGED, Reader, Reading, agreement, doubtful_labels
from captcha_core.audit.finding import Place
from captcha_core.models.decode import log_probability, log_softmax
from captcha_core.spec.captcha import CaptchaSpec


def spec(alphabet: str, least: int, most: int, **more: Any) -> CaptchaSpec:
    fields = {"media": "image", "height_px": 32, "width_px": 96, "channels": 1}
    return CaptchaSpec.build(**fields, alphabet=alphabet, min_length=least, max_length=most, **more)


def spoken(reader: CaptchaSpec, text: str, sure: float = 12.0) -> np.ndarray:
    """Return CTC logits (T, K + 1) of a reader that says a text, a blank behind each character."""
    logits = np.zeros((2 * len(text) + 2, reader.charset.classes), np.float32)
    logits[:, 0] = sure
    for place, character in enumerate(text):
        logits[2 * place, 0] = 0
        logits[2 * place, reader.alphabet.index(character) + 1] = sure
    return logits


def test_another_text_is_likelier_as_a_whole() -> None:
    digits = spec("0123456789", 3, 5)
    weigh = Reader("ctc", digits, digits).weigh
    assert weigh(spoken(digits, "1234"), "1234").ratio == 0
    for wrong in ("1235", "123", "12345"):  # exchanged, left out, added
        reading = weigh(spoken(digits, "1234"), wrong)
        assert reading.text == "1234" and reading.ratio > FLAGGED
    unsure = weigh(spoken(digits, "1234", sure=0.5), "1235")
    assert unsure.ratio < FLAGGED


def test_a_reader_of_more_characters_is_asked_in_those_of_the_data() -> None:
    wide, narrow = spec("0123456789abAB", 1, 9), spec("ab1", 2, 2, case_sensitive=False)
    assert Reader.knows(wide, narrow) and not Reader.knows(narrow, wide)
    reading = Reader("ctc", wide, narrow).weigh(spoken(wide, "Ab"), "AB")
    assert reading.text == "ab" and reading.ratio == 0 and reading.of_label > math.log(0.99)


def test_a_head_of_positions_is_weighed_too() -> None:
    digits = spec("0123", 2, 3)
    log_p = log_softmax(8.0 * np.eye(5, dtype=np.float32)[[1, 2, 0]])
    assert log_probability("positions", log_p, [1, 2]) > math.log(0.99)
    assert Reader("positions", digits, digits).weigh(log_p, "03").ratio > FLAGGED


def test_an_impossible_text_is_unlikely_and_not_an_error() -> None:
    digits = spec("0123456789", 1, 5)
    reading = Reader("ctc", digits, digits).weigh(spoken(digits, "1", sure=2000.0), "77777")
    assert reading.text == "1" and math.isfinite(reading.ratio)


def test_findings_are_the_surest_first() -> None:
    places = [Place(str(number), "train", "11") for number in range(4)] + [Place("open", "train", None)]
    readings = [Reading("12", -0.1, -9.0), Reading("11", -0.1, -0.1), Reading("13", -0.1, -30.0), None, None]
    assert [one.places[0].id for one in doubtful_labels(places, readings)] == ["2", "0"]
    assert doubtful_labels(places, readings)[0].proposal == "13"
    assert doubtful_labels(places, readings)[0].message.endswith("times likelier"), "in words, without powers of ten"
    assert agreement(places, readings) == 1 / 4
    assert agreement([], []) == 0
