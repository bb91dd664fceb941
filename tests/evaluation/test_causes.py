"""Which of the usual causes explains wrong answers, each planted in a report that is otherwise well."""

from collections.abc import Sequence

import numpy as np
import pytest

from captcha_core.evaluation.causes import Cause, Inquiry
from captcha_core.evaluation.report import Report
from captcha_core.media.image import encode_png
from captcha_core.spec.answer import Answer
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample

SPEC = CaptchaSpec.build(
    media="image", alphabet="0123456789abABxyXY", min_length=4, max_length=4, height_px=60, width_px=160, channels=1
)
SMALL, LARGE = (encode_png(np.zeros((height, 160), np.uint8)) for height in (60, 90))
LEARNT = ["0123456789abABxyXY"] * 200
Row = tuple[str, str, float]  # label, what was read, confidence


def report(wrong: Sequence[Row], good: int = 40, odd: int = 0, folder: str = "", spec: CaptchaSpec = SPEC) -> Report:
    """Wrong answers among right ones; the first ``odd`` are of another size, and of a folder."""
    rows = [*wrong, *[("0123", "0123", 0.99)] * good]
    samples = [
        Sample(LARGE if place < odd else SMALL, label, f"{folder if place < odd else 'a'}/{place}.png")
        for place, (label, _, _) in enumerate(rows)
    ]
    return Report(spec, samples, [Answer(read, confidence, (), 1.0) for _, read, confidence in rows])


def causes(found: Report, learnt: Sequence[str] = LEARNT) -> list[Cause]:
    return Inquiry(found, learnt).causes()


SCATTERED = [("0123", "0423", 0.5), ("4567", "4367", 0.5), ("8901", "8911", 0.4), ("2345", "2395", 0.3)]
PLANTED: dict[str, list[Row]] = {
    "labels": [("0123", "9123", 0.99), ("4567", "4067", 0.98), ("8901", "8931", 0.97), ("2345", "7345", 0.99)],
    "case": [("01ab", "01aB", 0.6), ("AB12", "ab12", 0.6), ("x123", "X123", 0.5), ("1y23", "1Y23", 0.6)],
    "confused": [("0123", "0723", 0.5), ("1456", "7456", 0.5), ("4756", "4156", 0.5), ("8918", "8978", 0.5)],
    "lengths": [("0123", "012", 0.5), ("4567", "456", 0.5), ("8901", "890", 0.5), ("2345", "234", 0.5)],
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_cause_that_explains_most_comes_first(name: str) -> None:
    found = causes(report([*PLANTED[name], *SCATTERED[:2]]))
    assert found[0].name == name
    assert f"{len(found[0].wrong)} of 6 wrong answers" in found[0].sentence and len(found[0].wrong) >= 4


def test_characters_that_were_seldom_seen_are_named() -> None:
    wrong = [("x123", "0123", 0.5), ("1y23", "1423", 0.5), ("45x6", "4586", 0.5), ("y890", "7890", 0.5)]
    found = causes(report([*wrong, *SCATTERED[:2]]), ["0123456789abABXY"] * 200)
    assert found[0].name == "seldom" and "(xy)" in found[0].sentence and len(found[0].wrong) == 4


def test_pictures_of_another_size_and_folder_that_read_worse() -> None:
    wrong = [*SCATTERED, *SCATTERED]
    found = {cause.name: cause for cause in causes(report(wrong, odd=10, folder="b"))}
    assert found["sizes"].sentence.startswith("Of 10 pictures of another size than 60x160 pixels 20% are read, of 38 ")
    assert "captchas of the folder 'b' 20% are read" in found["folders"].sentence
    assert not {"sizes", "folders"} & {cause.name for cause in causes(report(wrong, odd=0))}


def test_few_captchas_are_the_cause_where_nothing_else_is() -> None:
    scattered = [("0123", "0423", 0.5), ("4567", "4867", 0.5), ("8901", "8911", 0.4), ("2345", "2395", 0.3),
                 ("5678", "5078", 0.2), ("7890", "7820", 0.2), ("6789", "67b9", 0.2)]  # fmt: skip
    (found,) = causes(report(scattered), LEARNT[:30])
    assert found.name == "few" and "learnt from 30 captchas" in found.sentence
    assert causes(report(scattered)) == []


def test_nothing_is_looked_for_where_all_is_well() -> None:
    assert causes(report(PLANTED["case"], good=400)) == []
    assert causes(report([], good=10)) == []


def test_a_training_that_still_learnt_when_it_ended_is_to_go_on() -> None:
    found = report([*SCATTERED, *SCATTERED])
    (cause,) = Inquiry(found, LEARNT, [0.0, 0.0, 0.1, 0.2, 0.4, 0.55, 0.7]).causes()
    assert cause.name == "time" and len(cause.wrong) == 8
    assert "in the last 2 of 7 epochs" in cause.sentence and "from 40.0% to 70.0%" in cause.sentence
    for learnt_out in ([0.0, 0.3, 0.69, 0.7, 0.7, 0.71, 0.7], [0.7], []):
        assert Inquiry(found, LEARNT, learnt_out).causes() == []
