"""A tracking database with many runs, written within seconds: what the dashboard is measured and tested on."""

import math
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from mlflow import MlflowClient

from captcha_core.evaluation.report import Report
from captcha_core.spec.answer import Answer
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample
from captcha_core.tracking.connect import EXPERIMENT
from captcha_core.tracking.names import Kind, Metric, Param, Tag

PRESETS = ("digits4", "nthu6", "alnum4", "voices6")
STATES = ("FINISHED",) * 17 + ("FAILED", "KILLED", "RUNNING")
NETWORKS = ("image_cnn", "image_crnn", "image_attention")
DAY_MS = 86_400_000
REPORTS = 6


@dataclass(frozen=True)
class Made:
    """One run that was made up: its id, the rows of its tables, and when it started."""

    id: str
    name: str
    state: str
    start_ms: int
    end_ms: int | None
    params: dict[str, str]
    tags: dict[str, str]
    metrics: list[tuple[str, float, int]]


def write_runs(folder: Path, count: int = 1000, epochs: int = 50) -> list[str]:
    """Write ``mlflow.db`` with runs that look like trainings, one search with its trials among them.

    MLflow makes the tables, the rows go in at once: its client would need minutes for them.

    Returns:
        The ids of the finished runs, newest first; the first :data:`REPORTS` have a report of 2,000 predictions.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = (folder / "mlflow.db").resolve()
    address = f"sqlite:///{path}"
    artifacts = (folder / "mlartifacts").resolve().as_uri()
    experiment = MlflowClient(address, address).create_experiment(EXPERIMENT, artifacts)
    runs = list(_runs(count, epochs, random.Random(0), int(1000 * time.time())))
    with closing(sqlite3.connect(path)) as database, database:
        for run in runs:
            _insert(database, run, int(experiment), artifacts)
    finished = [run for run in reversed(runs) if run.state == "FINISHED"]
    for run in finished[:REPORTS]:
        _report(folder / "mlartifacts" / run.id / "artifacts" / "report", random.Random(run.id))
    return [run.id for run in finished]


def _report(folder: Path, rng: random.Random) -> None:
    """Write what an evaluation of 2,000 samples writes, one in thirty of them read wrong."""
    spec = CaptchaSpec.build(
        media="image", alphabet="0123456789", min_length=4, max_length=4, height_px=60, width_px=160, channels=1
    )
    samples, answers = [], []
    for index in range(2000):
        text = f"{index * 7919 % 10_000:04d}"
        read = text if rng.random() > 1 / 30 else f"{text[:3]}{rng.randrange(10)}"
        samples.append(Sample(f"made up {index}".encode(), text, f"{index:04d}_{text}.png"))
        answers.append(Answer(read, rng.uniform(0.5, 1.0), (), rng.uniform(0.1, 0.3)))
    Report(spec, samples, answers).write(folder)


def _runs(count: int, epochs: int, rng: random.Random, now_ms: int) -> Iterator[Made]:
    search = f"{rng.getrandbits(128):032x}"
    for index in range(count):
        identity = search if index == 0 else f"{rng.getrandbits(128):032x}"
        preset = PRESETS[0] if index < 40 else rng.choice(PRESETS)
        state = "FINISHED" if index == 0 else rng.choice(STATES)
        start_ms = now_ms - (count - index) * DAY_MS // 20
        last = epochs if state == "FINISHED" else rng.randrange(epochs)
        seconds = 4 * (last + 1)
        rate = round(10 ** rng.uniform(-4, -1.5), 5)
        params = _params(preset, rate, rng)
        kind = Kind.SEARCH if index == 0 else Kind.TRIAL if index < 40 else Kind.TRAIN
        tags = {
            Tag.RUN_NAME: f"{preset} search" if index == 0 else preset,
            Tag.USER: "somebody",
            Tag.GIT_COMMIT: f"{rng.getrandbits(160):040x}",
            Tag.KIND: kind,
            Tag.PRESET: preset,
            Tag.digest("training"): f"{rng.getrandbits(256):064x}",
        } | {f"{Tag.VERSION}{library}": "1.2.3" for library in ("tensorflow", "keras", "numpy", "mlflow")}
        if kind == Kind.TRIAL:
            tags[Tag.PARENT] = search
        if state in ("FAILED", "KILLED"):
            tags[Tag.REASON] = "ModelError: expected a finite loss, received nan in epoch 3"
        end_ms = None if state == "RUNNING" else start_ms + 1000 * seconds
        metrics = _metrics(last, epochs, rate, rng, state == "FINISHED")
        yield Made(identity, tags[Tag.RUN_NAME], state, start_ms, end_ms, params, tags, metrics)


def _params(preset: str, rate: float, rng: random.Random) -> dict[str, str]:
    return {
        Param.PRESET: preset,
        Param.NETWORK: rng.choice(NETWORKS),
        "training.learning_rate": str(rate),
        "training.batch_size": str(rng.choice((16, 32, 64, 128))),
        "training.optimizer": rng.choice(("muon", "adamw")),
        "training.augment": str(rng.choice((0.0, 0.5, 1.0))),
        "training.seed": str(rng.randrange(5)),
        Param.MINUTES: "3.5",
        Param.MEDIA: "image",
        "spec.alphabet": "0123456789",
        "spec.min_length": "4",
        "spec.max_length": "4",
        "spec.height_px": "60",
        "spec.width_px": "160",
        "data.name": preset,
        Param.DATA_DIGEST: f"stream:{preset}:0",
    } | {f"options.extra_{index}": str(rng.random()) for index in range(12)}


def _metrics(last: int, epochs: int, rate: float, rng: random.Random, finished: bool) -> list[tuple[str, float, int]]:
    ceiling = 0.995 - 0.08 * abs(math.log10(rate / 0.004)) - 0.02 * rng.random()
    rows: list[tuple[str, float, int]] = []
    for epoch in range(last):
        share = max(0.0, ceiling * (1 - math.exp(-6 * (epoch + 1) / epochs)) - 0.01 * rng.random())
        loss = 2.3 * math.exp(-5 * (epoch + 1) / epochs) + 0.02 * rng.random()
        rows += [
            (Metric.VAL_EXACT_MATCH, share, epoch),
            (Metric.VAL_CHARACTER_ERROR_RATE, (1 - share) / 4, epoch),
            ("loss", loss, epoch),
            (Metric.VAL_LOSS, loss * 1.1, epoch),
            ("learning_rate", rate * 0.5 * (1 + math.cos(math.pi * epoch / epochs)), epoch),
        ]
    if finished and rows:
        best = max(value for key, value, _ in rows if key == Metric.VAL_EXACT_MATCH)
        rows += [
            (Metric.BEST_VAL_EXACT_MATCH, best, 0),
            (Metric.TEST_EXACT_MATCH, best - 0.004, 0),
            (Metric.TEST_EXACT_MATCH_LOW, best - 0.012, 0),
            (Metric.TEST_EXACT_MATCH_HIGH, min(1.0, best + 0.004), 0),
            (Metric.TEST_N, 2000.0, 0),
            (Metric.TEST_CHARACTER_ERROR_RATE, (1 - best) / 4, 0),
            (Metric.TEST_LATENCY_P50_MS, 0.2 + rng.random(), 0),
            (Metric.TEST_MODEL_BYTES, float(rng.randrange(100_000, 2_000_000)), 0),
            (Metric.TRAIN_SECONDS, 4.0 * last, 0),
        ]
    return rows


def _insert(database: sqlite3.Connection, run: Made, experiment: int, artifacts: str) -> None:
    database.execute(
        "INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time, "
        "end_time, source_version, lifecycle_stage, artifact_uri, experiment_id) "
        "VALUES (?, ?, 'LOCAL', 'train', '', 'somebody', ?, ?, ?, '', 'active', ?, ?)",
        (run.id, run.name, run.state, run.start_ms, run.end_ms, f"{artifacts}/{run.id}/artifacts", experiment),
    )
    rows = [(key, value, run.start_ms + 4000 * (step + 1), run.id, step) for key, value, step in run.metrics]
    database.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, 0)", rows)
    latest = {row[0]: (row[0], row[1], row[2], row[4], run.id) for row in rows}
    database.executemany("INSERT INTO latest_metrics VALUES (?, ?, ?, ?, 0, ?)", latest.values())
    database.executemany("INSERT INTO params VALUES (?, ?, ?)", [(*pair, run.id) for pair in run.params.items()])
    database.executemany("INSERT INTO tags VALUES (?, ?, ?)", [(*pair, run.id) for pair in run.tags.items()])
