"""Products in bfloat16: the same weights in float32, learnt as well, and nothing left switched on."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.training.backend import multiplying_in, precision_of
from tests.training.test_fit import fit

REWRITE = "auto_mixed_precision_onednn_bfloat16"


def is_rewriting() -> bool:
    return bool(tf.config.optimizer.get_experimental_options().get(REWRITE))


def test_it_learns_in_bfloat16_and_keeps_float32_weights(tiny_spec: CaptchaSpec, tmp_path: Path) -> None:
    trained = fit(tiny_spec, tmp_path, epochs=5, precision="bfloat16")
    assert trained.progress.best["val_exact_match"] > 0.8
    assert {weight.dtype for weight in trained.model.get_weights()} == {np.dtype("float32")}


@pytest.mark.parametrize(("precision", "expected"), [("bfloat16", True), ("float32", False)])
def test_graphs_are_rewritten_within_only(precision: str, expected: bool) -> None:
    with multiplying_in(precision):
        assert is_rewriting() == expected
    assert not is_rewriting()


def test_auto_is_what_the_processor_does_natively() -> None:
    with multiplying_in("auto"):
        assert is_rewriting() == (precision_of("auto") == "bfloat16")


def test_nothing_stays_switched_on_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), multiplying_in("bfloat16"):
        _ = 1 / 0
    assert not is_rewriting()
