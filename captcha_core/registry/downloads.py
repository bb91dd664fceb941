"""Artifacts of a store elsewhere, in temporary folders of which only the newest stay."""

import tempfile
import threading
from pathlib import Path

KEPT = 16  # what was loaded is in memory by then; a server that exchanges models for months must not fill the disk

_kept: list[tempfile.TemporaryDirectory[str]] = []
_lock = threading.Lock()


def download(**where: str) -> Path:
    """Fetch artifacts with MLflow, and return where they are until :data:`KEPT` others have been fetched.

    Args:
        where: ``artifact_uri``, or ``run_id`` and ``artifact_path``, as :func:`mlflow.artifacts.download_artifacts`
            takes them.

    Raises:
        Exception: What MLflow and the store raise.
    """
    import mlflow

    folder = tempfile.TemporaryDirectory(prefix="captchalab-artifacts-")
    try:
        path = Path(mlflow.artifacts.download_artifacts(dst_path=folder.name, **where))
    except BaseException:
        folder.cleanup()
        raise
    with _lock:
        _kept.append(folder)
        while len(_kept) > KEPT:
            _kept.pop(0).cleanup()
    return path
