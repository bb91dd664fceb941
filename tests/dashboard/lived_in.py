"""What MLflow and a folder hold after assessments, audits, searches and a server, written without running any."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from captcha_core.assessment.report import write_report
from captcha_core.dataset.store import Dataset
from captcha_core.evaluation.drift import Histograms, Measured
from captcha_core.evaluation.live_log import LIVE, LiveLog, Period
from captcha_core.tracking.connect import client
from captcha_core.tracking.names import Artifact, Kind, Metric, Param, Tag
from captcha_core.tracking.runs import start_run
from tests.assessment.fakes import effect, findings, row
from tests.dashboard.pages import bare_run


def assessed(folder: Path, hits: int) -> str:
    """Log an assessment whose strongest attacker reads so many of 100; return its run's id."""
    rows = [row("builtin", "stock", 3), *(row(f"labels-{k}-1", "labels", hits, labels=k, draw=1) for k in (50, 100))]
    found = findings(rows, [effect("lines", "6", 20, [450, 455])])
    folder.mkdir()
    write_report(found, folder)
    run_id = bare_run(**{Tag.KIND: Kind.ASSESS})
    for path in folder.iterdir():
        client().log_artifact(run_id, str(path), Artifact.ASSESSMENT)
    client().log_metric(run_id, Metric.STRONGEST, hits / 100)
    return run_id


def findings_in(dataset: Dataset) -> list[dict[str, Any]]:
    """Return findings about a data set: two doubted labels, and two captchas nearly the same."""
    samples = list(dataset.samples("train"))[:7]
    captchas = [{"id": one.id, "split": "train", "text": one.text, "file": one.path} for one in samples]
    return [
        {"kind": "label", "message": "labelled so", "proposal": "33", "captchas": [captchas[3]]},
        {"kind": "label", "message": "labelled so", "proposal": "22", "captchas": [captchas[1]]},
        {"kind": "twin", "message": "nearly the same", "proposal": None, "captchas": captchas[5:7]},
    ]


def audited(folder: Path, dataset: Dataset, found: Sequence[dict[str, Any]]) -> str:
    """Log an audit of a data set, by way of a folder; return its run's id."""
    folder.mkdir()
    (folder / Artifact.AUDIT).write_text(json.dumps({"findings": found}), encoding="utf-8")
    with start_run("audit tiny", {Tag.KIND: Kind.AUDIT}) as run:
        run.params({"data": {"digest": dataset.digest}})
        run.folder(folder, "")
    return run.id


def served_live(model: str, version: str = "") -> None:
    """Write what a server that runs in this folder keeps of 30 captchas."""
    found = Histograms()
    for number in range(30):
        found.add(Measured(float(number % 7), 20.0, 5.0, "16 x 32", "2"))
    LiveLog(LIVE, model, version).append(Period("2026-01-01", "2026-01-02", found))


def searched(trials: int = 8) -> str:
    """Log a search over the learning rate; return its run's id."""
    parent = bare_run(**{Tag.KIND: Kind.SEARCH, Tag.TRIALS: str(trials)})
    for number in range(trials):
        trial = bare_run(**{Tag.KIND: Kind.TRIAL, Tag.PARENT: parent})
        client().log_param(trial, f"{Param.SPACE}training.learning_rate", 0.001 * (number + 1))
        client().log_metric(trial, Metric.BEST_VAL_EXACT_MATCH, 0.9 - 0.01 * (number - 3) ** 2)
    return parent
