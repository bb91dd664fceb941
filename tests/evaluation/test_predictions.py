"""Predictions of the same samples are paired by content; of others, they are refused."""

import pytest

from captcha_core.errors import DataError
from captcha_core.evaluation.predictions import Predictions
from captcha_core.evaluation.report import Report
from captcha_core.spec.answer import Answer
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample

ONE = Predictions(["a", "b", "c"], ["12", "34", "56"], ["12", None, "55"], [0.9, 0.0, 0.4])


def test_the_order_does_not_matter() -> None:
    other = Predictions(["c", "a", "b"], ["56", "12", "34"], ["56", "11", "34"], [0.1, 0.2, 0.3])
    assert other.digest == ONE.digest
    paired = other.ordered_as(ONE)
    assert list(paired.ids) == ["a", "b", "c"]
    assert list(paired.read) == ["11", "34", "56"]
    assert list(paired.confidence) == [0.2, 0.3, 0.1]
    assert ONE.right.tolist() == [True, False, False]
    assert paired.right.tolist() == [False, True, True]


def test_a_sample_that_is_there_twice_is_paired_twice() -> None:
    twice = Predictions(["a", "a", "b"], ["12", "12", "34"], ["12", "21", "34"], [0.1, 0.2, 0.3])
    turned = Predictions(["b", "a", "a"], ["34", "12", "12"], ["x", "y", "z"], [0.3, 0.2, 0.1])
    assert list(turned.ordered_as(twice).read) == ["y", "z", "x"]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (Predictions(["a", "b"], ["12", "34"], ["12", "34"], [1, 1]), "0 samples only here and 1 only there"),
        (Predictions(["a", "b", "d"], ["12", "34", "56"], ["1"] * 3, [1] * 3), "1 samples only here and 1 only there"),
        (Predictions(["a", "b", "c"], ["12", "34", "57"], ["1"] * 3, [1] * 3), "other labels for the same samples"),
    ],
)
def test_other_data_is_refused(other: Predictions, message: str) -> None:
    with pytest.raises(DataError, match=message):
        other.ordered_as(ONE)


def test_there_and_back_through_a_report(tmp_path: object) -> None:
    from pathlib import Path

    spec = CaptchaSpec.build(
        media="image", alphabet="0123", min_length=2, max_length=2, height_px=16, width_px=32, channels=1
    )
    samples = [Sample(b"one", "01"), Sample(b"two", "23")]
    report = Report(spec, samples, [Answer("01", 0.75, (), 1.0), None])
    folder = Path(str(tmp_path))
    report.write(folder)
    read = Predictions.from_csv((folder / "predictions.csv").read_text(encoding="utf-8"))
    assert (
        read == Predictions.of(report) == Predictions([s.id for s in samples], ["01", "23"], ["01", None], [0.75, 0.0])
    )


@pytest.mark.parametrize(
    "text", ["id,text\na,12\n", "id,text,read,confidence\na,12,12,sure\n", "id,text,read,confidence\na\n"]
)
def test_another_table_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="expected predictions with the columns"):
        Predictions.from_csv(text)
