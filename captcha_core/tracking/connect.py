"""MLflow connected: asked once per process and address whether it answers, then used."""

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from captcha_core.errors import RegistryError
from captcha_core.tracking.address import ensure, fault_of, tracking_uri
from captcha_core.tracking.names import ExperimentTag
from captcha_core.tracking.redact import masked

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment

ARTIFACTS = "mlartifacts"
EXPERIMENT = "captchalab"  # unless MLFLOW_EXPERIMENT_NAME or MLFLOW_EXPERIMENT_ID say otherwise
QUIET = {
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # stdout is the command's own, JSON among it
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
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
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
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


def quoted(text: str) -> str:
    """Return a value as MLflow's filters take it: in the quotation marks that are not in it."""
    mark = '"' if "'" in text else "'"
    return f"{mark}{text}{mark}"


def experiment_name() -> str:
    """Return the name of the experiment for new runs, by MLflow's own variable."""
    return os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT


def experiment(name: str = "") -> str:
    """Return the id of an experiment, made on first use with its artifacts beside the database.

    Args:
        name: Of the experiment; by default the one that MLFLOW_EXPERIMENT_NAME or MLFLOW_EXPERIMENT_ID choose.

    Raises:
        RegistryError: If it was deleted, or there is none with the chosen id.
    """
    chosen_id = os.environ.get("MLFLOW_EXPERIMENT_ID", "")
    if not name and chosen_id and not os.environ.get("MLFLOW_EXPERIMENT_NAME"):
        found = _by_id(chosen_id)
    else:
        name = name or experiment_name()
        found = client().get_experiment_by_name(name) or _made(name)
    if fault := deleted_fault(found):
        raise RegistryError(fault)
    return str(found.experiment_id)


def deleted_fault(found: "Experiment") -> str:
    """Return a sentence where an experiment was deleted: MLflow keeps it, and nobody else can have its name."""
    if found.lifecycle_stage != "deleted":
        return ""
    return (
        f"expected the experiment {found.name!r} at {masked(tracking_uri())}, received one that was deleted; restore "
        "it with captchalab doctor --repair, or choose another with --experiment."
    )


def _by_id(experiment_id: str) -> "Experiment":
    from mlflow.exceptions import MlflowException

    try:
        return client().get_experiment(experiment_id)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        raise RegistryError(
            f"expected an experiment in MLFLOW_EXPERIMENT_ID, received {experiment_id!r}, which is none at "
            f"{masked(tracking_uri())}; correct it, or choose one by its name with --experiment."
        ) from None


def _made(name: str) -> "Experiment":
    from mlflow.exceptions import MlflowException

    mine = client()
    local = os.environ["MLFLOW_TRACKING_URI"].startswith("sqlite:")
    place = Path(ARTIFACTS).resolve().as_uri() if local else None
    try:
        return mine.get_experiment(mine.create_experiment(name, place, {ExperimentTag.KIND: ExperimentTag.OF_MODELS}))
    except MlflowException:  # another process was quicker
        found = mine.get_experiment_by_name(name)
        if found is None:
            raise
        return found
