"""Ctrl-C takes effect whenever it comes, and once; SIGTERM, by which services are stopped, does the same."""

import _thread
import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

RAISED_AGAIN_S = 0.05


@contextlib.contextmanager
def never_dropped() -> Iterator[None]:
    """Raise a KeyboardInterrupt once more where Python drops it.

    It does so in ``__del__`` and in callbacks of the garbage collector and of weak references. JAX, which TensorFlow
    imports where it is installed, has such a callback, and a full collection of all those libraries takes half a
    second: without this, every third Ctrl-C in the first seconds of a training had no effect.
    """
    before = sys.unraisablehook

    def raise_again(fault: "sys.UnraisableHookArgs") -> None:
        if isinstance(fault.exc_value, KeyboardInterrupt) or fault.exc_type is KeyboardInterrupt:
            threading.Timer(RAISED_AGAIN_S, _interrupt).start()  # not here: Python would drop it here, too
        else:
            before(fault)

    sys.unraisablehook = raise_again
    try:
        yield
    finally:
        sys.unraisablehook = before


def _interrupt() -> None:
    """Interrupt the main thread, where there are such signals also while it waits for something."""
    main = threading.main_thread().ident
    if sys.platform != "win32" and main is not None:
        signal.pthread_kill(main, signal.SIGINT)
    else:
        _thread.interrupt_main()


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM end what runs as Ctrl-C does: what is under way is closed, and nothing temporary stays."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with _handled(stop, signal.SIGTERM):
        yield


@contextlib.contextmanager
def ignored() -> Iterator[None]:
    """Ignore Ctrl-C and SIGTERM: the command is ending already."""
    with _handled(signal.SIG_IGN, signal.SIGINT, signal.SIGTERM):
        yield


@contextlib.contextmanager
def _handled(handler: Any, *numbers: signal.Signals) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, usual in before.items():
            signal.signal(number, usual)
