"""How the server's process behaves: its memory, how long it waits for MLflow, and what it loads before anybody comes.

Streamlit runs each visit in a thread of its own, and glibc gives threads heaps of their own: what one has freed is of
no use to the others. A page waits less long for the tracking server than MLflow would, and what a page starts does not
inherit that.
"""

import contextlib
import ctypes
import importlib
import os
import threading
from collections.abc import Mapping
from typing import Any

M_ARENA_MAX = -8  # mallopt's name for the number of heaps, from malloc.h
FOR_PAGES = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "10", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
_changed: set[str] = set()
LIBRARIES = (
    "pandas",
    "mlflow",
    "mlflow.tracking",
    "plotly.graph_objects",
    "ai_edge_litert.interpreter",
    "cv2",
    "pyarrow.parquet",
    "sklearn.ensemble",
    "sklearn.inspection",
)


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


def short_timeouts() -> None:
    """Let MLflow give up soon in this process, where the user has not said how soon."""
    for name, value in FOR_PAGES.items():
        if name not in os.environ:
            os.environ[name] = value
            _changed.add(name)


def usual_timeouts(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment as it was before."""
    return {name: value for name, value in environment.items() if name not in _changed}


def preload() -> threading.Thread:
    """Begin to load them in the background."""
    thread = threading.Thread(target=_load, name="preload", daemon=True)
    thread.start()
    return thread


def _load() -> None:
    for name in LIBRARIES:
        importlib.import_module(name)
    importlib.import_module("dashboard.tracking.data").preload()
