"""What the machine-learning library says of itself is kept from the user."""

import pytest

from captcha_core.native import start_keras


def test_keras_once_started_warns_nobody(capfd: pytest.CaptureFixture[str]) -> None:
    start_keras()
    import tensorflow as tf

    tf.get_logger().warning("5 out of the last 5 calls triggered tf.function retracing")
    assert capfd.readouterr().err == ""
