"""Load the heavy libraries and the runs while nobody waits: the first page is then as quick as the second."""

import importlib
import threading

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


def start() -> threading.Thread:
    """Begin to load them in the background."""
    thread = threading.Thread(target=_load, name="warm", daemon=True)
    thread.start()
    return thread


def _load() -> None:
    for name in LIBRARIES:
        importlib.import_module(name)
    importlib.import_module("dashboard.tracking.data").preload()
