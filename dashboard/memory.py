"""Keep the server's memory small: Streamlit runs each visit in a thread of its own, and glibc gives threads heaps."""

import contextlib
import ctypes
from typing import Any

M_ARENA_MAX = -8  # mallopt's name for the number of heaps, from malloc.h


def few_heaps() -> None:
    """Let glibc keep two heaps instead of eight a core: what one has freed is of no use to the others.

    It has to be called before threads start. Elsewhere than on glibc it does nothing.
    """
    _call("mallopt", M_ARENA_MAX, 2)


def give_back() -> None:
    """Return what is free to the system: after reading a thousand runs most of the heap is."""
    _call("malloc_trim", 0)


def _call(name: str, *arguments: Any) -> None:
    with contextlib.suppress(OSError, AttributeError, TypeError):  # no glibc: macOS, Windows, musl
        getattr(ctypes.CDLL(None), name)(*arguments)
