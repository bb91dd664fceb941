"""Trainings over presets (or data sets), settings and seeds: a run in MLflow for each, below one for the sweep.

A setting is what ``captchalab train --set`` takes, and ``network``. Budgets in epochs give scores that do not depend on
what else the machine does; minutes compare what networks make of the same time.
"""

import itertools
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import yaml

from captcha_core.errors import SpecError
from captcha_core.native import start_keras
from captcha_core.presets.preset import EvaluationConfig
from captcha_core.tracking.connect import client
from captcha_core.tracking.names import Kind, Metric, Tag
from captcha_core.tracking.provenance import own_tags
from captcha_core.tracking.runs import Run, begin_run, parent_run
from captcha_core.workflows.plan import TrainingPlan, plan_training
from captcha_core.workflows.train import train_plan

Settings = Mapping[str, Any]
FOLDER = Path(__file__).parent
REGISTERED = "captcha-sweep"  # apart from the models that are in use


def run(
    presets: Sequence[str] = (),
    data: Sequence[str] = (),
    settings: Sequence[Settings] | Mapping[str, Settings] | str = ({},),
    seeds: Sequence[int] = (0,),
    minutes: float = 0.0,
    held_out: int = 0,
) -> dict[str, Any]:
    """Train with every combination and return the mean and the spread over the seeds.

    Args:
        settings: A list of settings, a mapping of names to settings, a YAML file that holds one of these, or the name
            of a file beside this module: ``ablation``, ``classics``, ``letters``, ``voices``.
        minutes: Of each training; 0: what the preset and the settings say.
        held_out: Samples that the package draws for the score; 0: what the preset says. A data set has its test split.

    Raises:
        SpecError: If there is nothing to train on, or the settings are none.
    """
    if not presets and not data:
        raise SpecError("expected presets or data to train on, received neither; give --set presets=[digits4].")
    start_keras()
    named = _named(settings)
    sources = [(preset, "") for preset in presets] + [("", folder) for folder in data]
    plans = {  # all of them first: whatever is unknown is refused before the first training
        (preset or folder, name, seed): _plan(preset, folder, setting, seed, minutes, held_out)
        for (preset, folder), (name, setting), seed in itertools.product(sources, named.items(), seeds)
    }
    asked = {"presets": presets, "data": data, "settings": named, "seeds": seeds, "minutes": minutes}
    name = f"sweep {time.strftime('%Y-%m-%d %H:%M:%S')}"
    with parent_run(name, name, {Tag.KIND: Kind.SWEEP}) as parent:
        parent.params({key: json.dumps(value, default=list)[:500] for key, value in asked.items()})
        runs = [
            {"source": source, "setting": name, "seed": seed, **_trained(plan, parent, f"{name}, seed {seed}")}
            for (source, name, seed), plan in plans.items()
        ]
        rows = [_row(source, name, runs) for source, name in dict.fromkeys(key[:2] for key in plans)]
        for row in rows:
            parent.metrics({f"exact_match {_metric_name(row)}": row["exact_match"]})
    return {"suite": "sweep", "run_id": parent.id, "rows": rows, "runs": runs}


def table(result: Mapping[str, Any]) -> str:
    """Return the rows as text: exact match in per cent, mean and standard deviation over the seeds."""
    lines = [
        f"{'trained on':20} {'setting':32} {'seeds':>5} {'exact match':>11} {'spread':>6} {'n':>7} {'samples/s':>9}"
    ]
    for row in result["rows"]:
        spread = f"{100 * row['spread']:6.2f}" if row["spread"] is not None else f"{'-':>6}"
        lines.append(
            f"{Path(row['source']).name:20} {row['setting']:32} {row['seeds']:5} {100 * row['exact_match']:11.2f} "
            f"{spread} {row['n']:7,} {row['samples_a_second']:9,.0f}"
        )
    return "\n".join(lines)


def _named(settings: Any) -> dict[str, Settings]:
    if isinstance(settings, str):
        path = FOLDER / f"{settings}.yaml" if not settings.endswith((".yaml", ".yml")) else Path(settings)
        if not path.is_file():
            raise SpecError(f"expected settings or a YAML file that holds them, received {settings!r}; give its path.")
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    every = list(settings.values() if isinstance(settings, Mapping) else settings or ())
    if not every or not all(isinstance(setting, Mapping) for setting in every):
        raise SpecError(f"expected settings such as [{{}}, {{augment: 1}}], received {settings!r}; write them so.")
    if isinstance(settings, Mapping):
        return dict(settings)
    return {" ".join(_pairs(setting)) or "as it is": setting for setting in every}


def _pairs(setting: Settings) -> list[str]:
    """Return a setting as the KEY=VALUE pairs of a training; values in JSON, which is YAML."""
    return [f"{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in setting.items()]


def _plan(preset: str, data: str, setting: Settings, seed: int, minutes: float, held_out: int) -> TrainingPlan:
    recipe = {key: value for key, value in setting.items() if key != "network"}
    network = str(setting.get("network", ""))
    plan = plan_training(preset, data, network, REGISTERED, minutes, recipe, seed=seed)
    return replace(plan, evaluation=EvaluationConfig(count=held_out)) if held_out else plan


def _trained(plan: TrainingPlan, parent: Run, name: str) -> dict[str, Any]:
    """Train in a child run of the sweep and return its figures."""
    run_id = begin_run(f"{parent.id} {plan.preset or plan.data} {name}", name, {Tag.PARENT: parent.id, **own_tags()})
    outcome = train_plan(replace(plan, run_id=run_id))
    metrics, config = client().get_run(run_id).data.metrics, plan.task.config
    epochs = len(client().get_metric_history(run_id, "loss"))
    whole, samples = outcome.report.exact_match, epochs * config.steps_per_epoch * config.batch_size
    low, high = whole.interval
    return {
        "run_id": run_id,
        "exact_match": whole.value,
        "low": low,
        "high": high,
        "n": whole.n,
        "samples": samples,
        "samples_a_second": samples / metrics[Metric.TRAIN_SECONDS],
        **{key: value for key, value in outcome.report.numbers.items() if key.endswith("error_rate")},
    }


def _row(source: str, setting: str, runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the mean and the standard deviation over the seeds of one setting."""
    mine = [one for one in runs if (one["source"], one["setting"]) == (source, setting)]
    scores = [one["exact_match"] for one in mine]
    return {
        "source": source,
        "setting": setting,
        "seeds": len(mine),
        "exact_match": mean(scores),
        "spread": stdev(scores) if len(scores) > 1 else None,
        "n": mine[0]["n"],
        "samples_a_second": mean(one["samples_a_second"] for one in mine),
    }


def _metric_name(row: Mapping[str, Any]) -> str:
    """Return a row's name in the characters that MLflow allows in a metric's."""
    name = f"{Path(row['source']).name} {row['setting']}"
    return "".join(one if one.isalnum() or one in "_-. /" else "_" for one in name)[:200]
