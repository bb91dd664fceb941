"""Runs in MLflow of what reads or draws and trains nothing: an evaluation, a comparison, a drawing of captchas."""

import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from captcha_core.dataset.store import Dataset
from captcha_core.evaluation.report import Report
from captcha_core.solver import Solver
from captcha_core.tracking.address import is_missing, tracking_uri
from captcha_core.tracking.names import Artifact, Kind, Metric, Tag
from captcha_core.tracking.runs import Run, start_run
from captcha_core.workflows.evaluate import evaluate


def evaluate_logged(uri: str, dataset: Dataset, split: str = "test", cluster: str = "") -> Report:
    """Let a model read a split as :func:`captcha_core.workflows.evaluate.evaluate` does, inside a run of its own.

    Raises:
        CaptchaError: If the model, the data set or the tracking server cannot be used.
    """
    solver = Solver.load(uri)
    name = _name_of(dataset)
    with start_run(f"evaluate {solver.model.name} on {name}", {Tag.KIND: Kind.EVALUATE}) as run:
        run.params({"model": {"uri": uri, **_identity(solver)}, "data": _described(dataset, split)})
        run.note(f"{uri} read the {split} split of {name} ({dataset.digest[:12]}).")
        _log_data(run, dataset, "evaluation")
        report = evaluate(solver, dataset, split, cluster or None)
        run.metrics({f"{Metric.TEST}{key}": value for key, value in report.numbers.items()})
        with tempfile.TemporaryDirectory() as folder:
            report.write(Path(folder))
            run.folder(Path(folder), Artifact.REPORT)
    return report


def compare_logged(
    models: Sequence[str], dataset: Dataset | None, split: str, compare: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """Compare models inside a run that keeps the result; figures end in the number of the model, from 1."""
    with start_run(f"compare {len(models)} models", {Tag.KIND: Kind.COMPARE}) as run:
        data = _described(dataset, split) if dataset else {}
        run.params({"models": {str(number): model for number, model in enumerate(models, 1)}, "data": data})
        if dataset is not None:
            _log_data(run, dataset, "evaluation")
        result = compare()
        for number, side in enumerate(result["sides"], 1):
            run.metrics({f"{key}_{number}": value for key, value in side.items() if isinstance(value, int | float)})
        for number, pair in enumerate(result["pairs"], 2):
            run.metrics({f"{key}_{number}": float(pair[key]) for key in ("difference", "p_value")})
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, Artifact.COMPARISON).write_text(json.dumps(result, indent=1), encoding="utf-8")
            run.folder(Path(folder), "")
    return result


def draw_logged(scheme: str, options: Mapping[str, Any], draw: Callable[[], Dataset]) -> Dataset:
    """Draw a data set inside a run, where MLflow is in use; whoever draws before the first run gets no database."""
    in_use = "MLFLOW_RUN_ID" in os.environ or "MLFLOW_TRACKING_URI" in os.environ or not is_missing(tracking_uri())
    if not in_use:
        return draw()
    with start_run(f"generate {scheme}", {Tag.KIND: Kind.GENERATE}) as run:
        run.params({"drawing": {"scheme": scheme, **options}})
        dataset = draw()
        run.params({"data": {"name": _name_of(dataset), "digest": dataset.digest, "counts": dataset.counts}})
        run.metrics({"samples": float(sum(dataset.counts.values()))})
        _log_data(run, dataset, "generated")
    return dataset


def _name_of(dataset: Dataset) -> str:
    return Path(dataset.path).resolve().name


def _described(dataset: Dataset, split: str) -> dict[str, Any]:
    return {"name": _name_of(dataset), "digest": dataset.digest, "split": split, "counts": dataset.counts}


def _identity(solver: Solver) -> dict[str, str | None]:
    model = solver.model
    return {"name": model.name, "version": model.version, "alias": model.alias, "bundle_sha256": solver.bundle.digest}


def _log_data(run: Run, dataset: Dataset, context: str) -> None:
    where = str(Path(dataset.path).resolve())
    run.data(_name_of(dataset), dataset.digest, where, dataset.counts, context)
