"""Compiled functions, kept on disk from one process to the next where that can be written."""

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def kernel(**options: Any) -> Callable[[Function], Function]:
    """Compile a function as ``numba.njit(cache=True, nogil=True, **options)`` does.

    numba refuses where neither the package's folder nor the user's own can be written to, as in many containers: there
    each process compiles anew, in seconds. ``NUMBA_CACHE_DIR`` names a place that can be.
    """

    def compiled(function: Function) -> Function:
        try:
            return njit(cache=True, nogil=True, **options)(function)
        except RuntimeError:
            return njit(nogil=True, **options)(function)

    return compiled
