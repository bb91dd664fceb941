"""A Ctrl-C that Python would drop."""

import gc
import os
import signal
import time
from collections.abc import Iterator

import pytest

from captcha_core.interrupts import ignored, never_dropped


@pytest.fixture(autouse=True)
def in_a_terminal() -> Iterator[None]:
    """Have Python's own handler: what a shell starts in the background ignores the signal."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_it_is_heard_within_a_callback_of_the_collector() -> None:
    times, began = [], time.monotonic()

    def callback(phase: str, _: object) -> None:
        if len(times) < 3:  # also when it comes again
            times.append(phase)
            os.kill(os.getpid(), signal.SIGINT)

    gc.callbacks.append(callback)
    try:
        with pytest.raises(KeyboardInterrupt), never_dropped():
            gc.collect()
            time.sleep(20)
    finally:
        gc.callbacks.remove(callback)
    assert times and time.monotonic() - began < 10, "seconds: a main thread that waits is woken"


def test_what_ends_already_is_not_interrupted() -> None:
    with ignored():
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.05)
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)
