"""MLflow connected: asked once per process and address whether it answers, then used."""

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from captcha_core.errors import RegistryError
from captcha_core.tracking.address import fault_of, tracking_uri
from captcha_core.tracking.database import ensure

if TYPE_CHECKING:
    from mlflow import MlflowClient

ARTIFACTS = "mlartifacts"
EXPERIMENT = "captchalab"
_answered: set[str] = set()  # the address in use, once somebody has answered there


def connect(anew: bool = False) -> str:
    """Point MLflow at ``MLFLOW_TRACKING_URI`` or the database here, refuse its unsafe loaders, and return the address.

    Args:
        anew: Ask the server for an answer even if it has answered this process before.

    Raises:
        RegistryError: If it is no address, or names a server that does not answer within five seconds.
    """
    os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] = "false"
    os.environ["MLFLOW_ALLOW_MODEL_CODE_EXECUTION"] = "false"
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "30")  # a server that hangs is noticed sooner
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "1")  # seven tries take about two minutes
    uri = os.environ["MLFLOW_TRACKING_URI"] = tracking_uri()
    if anew or uri not in _answered:
        disconnect()
        if fault := fault_of(uri):
            raise RegistryError(fault)
        _answered.add(uri)
    ensure(uri)
    import mlflow

    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)  # it prints the trace of what it raises
    mlflow.set_tracking_uri(uri)
    return uri


def disconnect() -> None:
    """Let the next call of :func:`connect` ask again whether the server answers."""
    _answered.clear()


def client() -> "MlflowClient":
    """Return MLflow's client on the tracking address in use."""
    connect()
    from mlflow import MlflowClient

    return MlflowClient()


def experiment(name: str = EXPERIMENT) -> str:
    """Return the id of an experiment, made on first use with its artifacts beside the database."""
    mine = client()
    found = mine.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    from mlflow.exceptions import MlflowException

    local = os.environ["MLFLOW_TRACKING_URI"].startswith("sqlite:")
    try:
        return str(mine.create_experiment(name, Path(ARTIFACTS).resolve().as_uri() if local else None))
    except MlflowException:  # another process was quicker
        found = mine.get_experiment_by_name(name)
        if found is None:
            raise
        return str(found.experiment_id)
