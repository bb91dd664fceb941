"""The end of a search: its winner and the preset's default on the full budget, more than once, on the same samples."""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.markup import escape

from captcha_core.dataset.store import Dataset
from captcha_core.evaluation.metrics import right
from captcha_core.evaluation.significance import McNemar, chance, mcnemar
from captcha_core.files import read_json, write_json
from captcha_core.models.space import thawed
from captcha_core.models.zoo import get_network
from captcha_core.progress import console
from captcha_core.tracking.names import Kind
from captcha_core.tracking.runs import RUNS, begin_run, start_run
from captcha_core.training.config import TrainingTask
from captcha_core.workflows.data import Cache, rows_digest
from captcha_core.workflows.logged_training import train_and_register
from captcha_core.workflows.searching.plan import BUDGETED, SearchPlan
from captcha_core.workflows.searching.report import TrialRecord

WINNER, DEFAULT = Kind.WINNER, Kind.DEFAULT
SURE = 0.05
REPORTED = ["run_id", "seed", "exact_match", "character_error_rate", "model_bytes", "latency_p50_ms", "parameters"]


@dataclass(frozen=True)
class Final:
    """How the winner and the default read the same samples, each trained anew in every repeat."""

    winner: Sequence[dict[str, Any]]
    default: Sequence[dict[str, Any]]
    registered: str
    over: str = ""  # which limit the registered file exceeds, if one
    same: bool = False  # the best trial is the default itself, and no other was trained

    @property
    def test(self) -> McNemar:
        """Over all repeats; they share their samples, so its p is a guide and no proof."""
        old, new = (np.concatenate([one["right"] for one in side]) for side in (self.default, self.winner))
        return mcnemar(old, new)

    @property
    def better(self) -> bool:
        """Whether the winner's mean exact match is higher."""
        return _mean(self.winner) > _mean(self.default)

    def sentence(self) -> str:
        """Return the comparison as a sentence for people."""
        test, count = self.test, len(self.winner)
        over = f" The registered file exceeds a limit: {self.over}." if self.over else ""
        n, trainings = len(self.winner[0]["right"]), f"{count} training{'s' * (count > 1)}"
        winner, default = _mean(self.winner), _mean(self.default)
        if self.same:
            return (
                f"The best trial is the preset's default itself, no other setting beats it: exact match {winner:.2%} "
                f"({_each(self.winner)}), {trainings}, {n:,} test samples.{over}"
            )
        verdict = "beats" if self.better else "does not beat"
        doubt = "" if not self.better or test.p_value < SURE else " (within chance)"
        return (
            f"The winner {verdict} the preset's default{doubt}: exact match {winner:.2%} ({_each(self.winner)}) "
            f"against {default:.2%} ({_each(self.default)}), {trainings} each, {n:,} test samples; "
            f"read by the winner alone {test.gained}, by the default alone {test.lost}, McNemar {chance(test.p_value)}."
            f"{over}"
        )

    def record(self) -> dict[str, Any]:
        """Return the comparison as plain data."""

        def side(results: Sequence[dict[str, Any]]) -> dict[str, Any]:
            return {"exact_match": _mean(results), "runs": [{key: one[key] for key in REPORTED} for one in results]}

        return {
            WINNER: side(self.winner),
            DEFAULT: side(self.default),
            "better": self.better,
            "winner_is_default": self.same,
            "p_value": self.test.p_value,
            "registered": self.registered,
            "over_limit": self.over,
            "sentence": self.sentence(),
        }


def decide(plan: SearchPlan, best: TrialRecord, repeats: int, minutes: float = 0.0) -> Final:
    """Train the best configuration and the default on the full budget, compare them, and register the first winner.

    What an earlier call finished is not trained again, as long as it learnt from the same samples; where the labels of
    the test samples have changed since, it reads them once more.

    Args:
        plan: The search; its parent run is active.
        repeats: Trainings of each, with seeds of their own.
        minutes: The full budget, 0 for the preset's.
    """
    own = plan.base.task
    full: dict[str, float] = {"minutes": minutes} if minutes else _full(own)
    tasks = {
        WINNER: plan.task(best.configuration, full),
        DEFAULT: replace(own, config=own.config.model_copy(update={**dict.fromkeys(BUDGETED), **full})),
    }
    same = _alike(tasks[WINNER], tasks[DEFAULT])
    if same:
        del tasks[DEFAULT]
    dataset = plan.base.tested()
    learnt, tested = plan.base.learnt(), rows_digest(dataset, "test")
    cache: Cache = {}
    results: dict[str, list[dict[str, Any]]] = {WINNER: [], DEFAULT: []}
    for repeat in range(repeats):
        for role, task in tasks.items():
            seeded = replace(task, config=task.config.model_copy(update={"seed": task.config.seed + repeat}))
            folder = plan.folder / "final" / f"{role}-{repeat}-{_digest(seeded, learnt)}"
            result = read_json(folder / "result.json")
            if result is None or result["tested"] != tested:
                what = "on the full budget" if result is None else "reads the test samples again, they have changed"
                console.print(f"{role}: training {repeat + 1} of {repeats} {what}", highlight=False)
                result = {**_train(plan, seeded, role, repeat, folder, dataset, cache), "tested": tested}
                write_json(folder / "result.json", result)
            results[role].append(result)
    winner, default = results[WINNER], results[WINNER if same else DEFAULT]
    final = Final(winner, default, winner[0]["registered"], _over(plan, winner[0]), same)
    console.print(escape(final.sentence()), highlight=False)
    return final


def _train(
    plan: SearchPlan, task: TrainingTask, role: str, repeat: int, folder: Path, tested: Dataset, cache: Cache
) -> dict[str, Any]:
    own, name = replace(plan.base, task=task, extend=False), f"{plan.name}-{role}-{repeat + 1}"
    training_data = own.training_data(cache)  # before its run: what fails here leaves none open
    tags = plan.child_tags(role)
    run_id = begin_run(f"{plan.uid}/{folder.name}", name, tags)
    folder.mkdir(parents=True, exist_ok=True)
    with start_run(name, tags, run_id, keep=RUNS, nested=True) as run:
        first = role == WINNER and repeat == 0
        outcome = train_and_register(run, own, training_data, tested, to_register=first)
    report = outcome.report
    return {
        **{key: value for key, value in report.numbers.items() if key in ("exact_match", "character_error_rate")},
        **outcome.figures,
        "latency_p50_ms": report.numbers.get("latency_p50_ms", math.inf),
        "right": [bool(one) for one in right(report.truth, report.read)],
        "run_id": run_id,
        "seed": task.config.seed,
        "registered": f"{outcome.name}/{outcome.version}" if first else "",
    }


def _full(task: TrainingTask) -> dict[str, float]:
    config = task.config
    return next({key: value} for key in BUDGETED if (value := getattr(config, key)) is not None)


def _alike(one: TrainingTask, other: TrainingTask) -> bool:
    """Say whether two tasks train the same, however many of a network's options they name."""

    def whole(task: TrainingTask) -> list[Any]:
        options = {**get_network(task.network).options, **task.options}
        return [task.network, thawed(options), task.config.model_dump()]

    return whole(one) == whole(other)


def _digest(task: TrainingTask, learnt: str) -> str:
    record = [task.network, task.options, task.config.model_dump(), learnt]
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()[:12]


def _over(plan: SearchPlan, result: dict[str, Any]) -> str:
    limits = plan.limits
    if limits.bytes is not None and result["model_bytes"] > limits.bytes:
        return f"{result['model_bytes']:,.0f} bytes, allowed {limits.bytes:,}"
    if limits.latency_ms is not None and result["latency_p50_ms"] > limits.latency_ms:
        return f"{result['latency_p50_ms']:.3f} ms from bytes to text, allowed {limits.latency_ms:g}"
    return ""


def _mean(results: Sequence[dict[str, Any]]) -> float:
    return float(np.mean([one["exact_match"] for one in results]))


def _each(results: Sequence[dict[str, Any]]) -> str:
    return ", ".join(f"{one['exact_match']:.2%}" for one in results)
