"""Each fault gets its own sentence, and a healthy training none."""

import math

import numpy as np

from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.training.diagnosis import diagnose_answers, diagnose_history, diagnose_labels

SPEC = CaptchaSpec.build(
    media="image", alphabet="0123456789", min_length=4, max_length=4, height_px=60, width_px=160, channels=1
)


def epochs(losses: list[float], val_loss: float, exact: float) -> list[dict[str, float]]:
    return [{"loss": loss, "val_loss": val_loss, "val_exact_match": exact} for loss in losses]


def test_a_healthy_training_is_left_alone() -> None:
    assert diagnose_history("positions", SPEC, epochs([2.3, 0.9, 0.2, 0.1], 0.12, 0.9)) == []


def test_the_first_epochs_are_left_alone() -> None:
    assert diagnose_history("positions", SPEC, epochs([2.3, 2.3], 2.3, 0.0)) == []


def test_guessing_is_named_by_ln_k() -> None:
    (remark,) = diagnose_history("positions", SPEC, epochs([math.log(10)] * 4, 2.31, 0.0))
    assert "ln 10" in remark.text


def test_labels_that_never_match() -> None:
    (remark,) = diagnose_history("positions", SPEC, epochs([2.3, 0.5, 0.01], 6.0, 0.0))
    assert "labels of both splits" in remark.text


def test_learning_by_heart() -> None:
    (remark,) = diagnose_history("positions", SPEC, epochs([2.3, 0.5, 0.01], 0.9, 0.6))
    assert "learnt by heart" in remark.text


def test_a_collapsed_ctc() -> None:
    logits = np.zeros((30, 20, 11))
    logits[:, :, 0] = 9
    (remark,) = diagnose_answers("ctc", SPEC, logits)
    assert "CTC has collapsed" in remark.text


def test_one_answer_for_everything() -> None:
    logits = np.zeros((30, 4, 11))
    logits[:, :, 3] = 9
    (remark,) = diagnose_answers("positions", SPEC, logits)
    assert "'2222'" in remark.text


def test_answers_that_differ_are_left_alone() -> None:
    assert diagnose_answers("positions", SPEC, np.random.default_rng(0).normal(size=(30, 4, 11))) == []


def test_texts_in_both_splits() -> None:
    (remark,) = diagnose_labels(["12", "34", "12", "56", "34"], ["12", "34"])
    assert "Split by text" in remark.text


def test_characters_that_are_never_trained() -> None:
    (remark,) = diagnose_labels(["12", "21"], ["13"])
    assert "'3'" in remark.text


def test_one_label_too_often() -> None:
    (remark,) = diagnose_labels(["11"] * 10 + [f"{n}" for n in range(20, 40)], ["99"])
    assert "10 of 30" in remark.text


def test_good_labels_are_left_alone() -> None:
    assert diagnose_labels([f"{n:02d}" for n in range(80)], [f"{n:02d}" for n in range(80, 100)]) == []
