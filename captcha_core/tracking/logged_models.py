"""Bundles as MLflow's logged models: a pyfunc without pickle, with the code that loads it beside it."""

import base64
import re
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from captcha_core.bundle.bundle import Bundle
from captcha_core.tracking.carried_code import LOADER, carry, requirements
from captcha_core.tracking.names import Artifact
from captcha_core.tracking.names import Metric as Names

if TYPE_CHECKING:
    from mlflow import MlflowClient

NOT_IN_NAMES = re.compile(r"[/:.%\"']")  # MLflow's rule for logged models


def log_bundle(bundle: Bundle, name: str = "", example: bytes | None = None) -> str:
    """Log a bundle in the active run and return the model's id.

    Args:
        bundle: What to log.
        name: Of the logged model, to know it by among others.
        example: A captcha that it reads, kept as MLflow's input example.
    """
    import mlflow
    import pandas as pd
    from mlflow.models import ModelSignature
    from mlflow.types.schema import ColSpec, Schema

    signature = ModelSignature(
        inputs=Schema([ColSpec("string", "media")]),
        outputs=Schema(
            [ColSpec("string", "text"), ColSpec("double", "confidence"), ColSpec("string", "answer", required=False)]
        ),
    )
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore", UserWarning)  # it misses an example where there is none
        info = mlflow.pyfunc.log_model(
            name=NOT_IN_NAMES.sub("-", name) or Artifact.MODEL,
            loader_module=LOADER,
            data_path=str(bundle.path),
            code_paths=[str(carry(Path(folder)))],
            signature=signature,
            input_example=example and pd.DataFrame({"media": [base64.b64encode(example).decode()]}),
            pip_requirements=requirements(bundle.spec.media),
        )
    return str(info.model_id)


def link_metrics(
    client: "MlflowClient", run_id: str, model_id: str, numbers: Mapping[str, float], data: tuple[str, str], at_ms: int
) -> None:
    """Log figures of a logged model, with the name and the digest of the data set on which they were measured."""
    from mlflow.entities import Metric

    name, digest = data
    metrics = [
        Metric(f"{Names.TEST}{key}", float(value), at_ms, 0, model_id, name, digest[:36], run_id)
        for key, value in numbers.items()
    ]
    client.log_batch(run_id, metrics=metrics)


def close_unfinished(client: "MlflowClient", run_id: str) -> None:
    """Mark the models of a run as FAILED whose files were never stored whole: a kill has cut the upload."""
    place = client.get_run(run_id).info.experiment_id
    for model in client.search_logged_models([place], f"source_run_id = '{run_id}'"):
        if str(model.status) == "PENDING":
            client.finalize_logged_model(model.model_id, "FAILED")
