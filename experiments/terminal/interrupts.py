"""Ctrl-C: heard whenever it comes, and once."""

import _thread
import contextlib
import signal
import sys
import threading
from collections.abc import Iterator

AGAIN_S = 0.05


@contextlib.contextmanager
def insistent() -> Iterator[None]:
    """Raise a KeyboardInterrupt once more where Python drops it.

    It does so in ``__del__`` and in callbacks of the garbage collector and of weak references. JAX, which TensorFlow
    imports where it is installed, has such a callback, and a full collection of all those libraries takes half a
    second: without this, every third Ctrl-C in the first seconds of a training was not heard as one.
    """
    before = sys.unraisablehook

    def heard(fault: "sys.UnraisableHookArgs") -> None:
        if isinstance(fault.exc_value, KeyboardInterrupt) or fault.exc_type is KeyboardInterrupt:
            threading.Timer(AGAIN_S, _thread.interrupt_main).start()  # not here: this is such a place, too
        else:
            before(fault)

    sys.unraisablehook = heard
    try:
        yield
    finally:
        sys.unraisablehook = before


@contextlib.contextmanager
def at_ease() -> Iterator[None]:
    """Let further ones pass: what ends already need not be told again."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
