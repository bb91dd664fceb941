"""Compiled functions, kept on disk from one process to the next where that can be written."""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def kernel(**options: Any) -> Callable[[Function], Function]:
    """Compile a function as ``numba.njit(cache=True, nogil=True, **options)`` does.

    numba refuses where neither the package's folder nor the user's own can be written to, as in many containers: there
    each process compiles anew, in seconds. ``NUMBA_CACHE_DIR`` names a place that can be.
    """

    def compiled(function: Function) -> Function:
        ours: Function
        try:
            ours = njit(cache=True, nogil=True, **options)(function)
        except RuntimeError:
            ours = njit(nogil=True, **options)(function)
        return ours

    return compiled


@cache
def sources_digest() -> int:
    """Return a digest of the code that pictures are drawn with, as a number.

    Numba keeps a compiled function as long as its own file is unchanged, even when functions of other files that went
    into it are not. A function that refers to this digest as a variable of its closure is compiled anew.
    """
    folder = Path(__file__).parent
    digest = hashlib.sha256((folder / "randomness.py").read_bytes())
    for path in sorted((folder / "raster").rglob("*.py")):
        digest.update(path.read_bytes())
    return int.from_bytes(digest.digest()[:7])
