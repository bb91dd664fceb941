"""What the machine-learning library says of itself is kept from the user."""

import pytest

from captcha_core import native
from captcha_core.errors import CaptchaError
from captcha_core.native import start_keras


def test_keras_once_started_warns_nobody(capfd: pytest.CaptureFixture[str]) -> None:
    start_keras()
    import tensorflow as tf

    tf.get_logger().warning("5 out of the last 5 calls triggered tf.function retracing")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("name", "sentence"), [("theano", "one of tensorflow, jax, torch"), ("jax", "pip install jax")]
)
def test_a_backend_that_is_not_there_is_refused_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch, name: str, sentence: str
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", name)
    monkeypatch.setattr(native, "find_spec", lambda _: None)
    with pytest.raises(CaptchaError, match=sentence):
        start_keras()
