"""Bundles as MLflow's logged models: a pyfunc without code or pickle."""

import warnings
from typing import TYPE_CHECKING

from captcha_core.bundle.bundle import Bundle
from captcha_core.tracking.names import Artifact
from captcha_core.tracking.provenance import version_of

if TYPE_CHECKING:
    from mlflow import MlflowClient


def log_bundle(bundle: Bundle) -> str:
    """Log a bundle in the active run and return the model's id."""
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types.schema import ColSpec, Schema

    signature = ModelSignature(
        inputs=Schema([ColSpec("string", "media")]),
        outputs=Schema([ColSpec("string", "text"), ColSpec("double", "confidence")]),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # it misses an example; the signature says it all
        info = mlflow.pyfunc.log_model(
            name=Artifact.MODEL,
            loader_module="captcha_core.serving.pyfunc",
            data_path=str(bundle.path),
            signature=signature,
            pip_requirements=[f"captchalab=={version_of('captchalab')}"],
        )
    return str(info.model_id)


def close_unfinished(client: "MlflowClient", run_id: str) -> None:
    """Mark the models of a run as FAILED whose files were never stored whole: a kill has cut the upload."""
    place = client.get_run(run_id).info.experiment_id
    for model in client.search_logged_models([place], f"source_run_id = '{run_id}'"):
        if str(model.status) == "PENDING":
            client.finalize_logged_model(model.model_id, "FAILED")
