"""What a search has found, as it goes and at its end: its trials, the best, and what accuracy costs."""

import csv
import io
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from captcha_core.files import read_json, write_json
from captcha_core.models.space import Configuration
from captcha_core.progress import console
from captcha_core.tracking.names import Metric
from captcha_core.training.search.keras_tuner import Trial, TrialStatus
from captcha_core.training.search.oracles import values_of
from captcha_core.workflows.searching.plan import FAILURE, RESULT, SearchPlan

FINISHED, FAILED = "FINISHED", "FAILED"
FIGURES = (
    Metric.BEST_VAL_EXACT_MATCH,
    Metric.BEST_VAL_CHARACTER_ERROR_RATE,
    Metric.BEST_VAL_LOSS,
    "parameters",
    "model_bytes",
    "latency_p50_ms",
    "trial_seconds",
    "platform_seconds",
)


@dataclass(frozen=True)
class TrialRecord:
    """A trial that has ended."""

    id: str
    state: str
    values: dict[str, Any]
    configuration: Configuration
    metrics: dict[str, float]
    reason: str = ""


def records(plan: SearchPlan, oracle: Any) -> list[TrialRecord]:
    """Return the ended trials in the order of their numbers."""
    return [_record(plan, trial) for trial in oracle.ended]


def _record(plan: SearchPlan, trial: Trial) -> TrialRecord:
    folder, label = plan.trial_folder(trial.trial_id), f"{int(trial.trial_id):04d}"
    values = values_of(plan.space, trial.hyperparameters)
    configuration = plan.space.configuration(values)
    if trial.status == TrialStatus.COMPLETED:
        reported = {name: float(history.get_last_value()) for name, history in trial.metrics.metrics.items()}
        metrics = (read_json(folder / RESULT) or {"metrics": reported})["metrics"]
        return TrialRecord(label, FINISHED, values, configuration, metrics)
    return TrialRecord(label, FAILED, values, configuration, {}, failure_of(folder, trial))


def failure_of(folder: Path, trial: Trial) -> str:
    """Return why a trial failed, by its folder or else by its oracle."""
    failure = read_json(folder / FAILURE) or {"reason": trial.message or "no reason was recorded"}
    return str(failure["reason"])


def ranked(plan: SearchPlan, trials: Sequence[TrialRecord]) -> list[TrialRecord]:
    """Return the finished trials, best first; of equals the one with the lower loss, then the faster one."""

    def rank(trial: TrialRecord) -> tuple[float, ...]:
        best = {key.removeprefix("best_"): value for key, value in trial.metrics.items()}
        return *plan.objective.rank(best), trial.metrics["latency_p50_ms"], float(trial.id)

    return sorted((trial for trial in trials if trial.state == FINISHED), key=rank)


def front(trials: Sequence[TrialRecord]) -> list[str]:
    """Return the ids of the finished trials that no other beats in both exact match and latency (Pareto)."""
    points = {
        trial.id: (-trial.metrics[Metric.BEST_VAL_EXACT_MATCH], trial.metrics["latency_p50_ms"])
        for trial in trials
        if trial.state == FINISHED
    }
    return [
        one
        for one, (wrong, slow) in points.items()
        if not any(w <= wrong and s <= slow and (w, s) != (wrong, slow) for w, s in points.values())
    ]


def summary(plan: SearchPlan, trials: Sequence[TrialRecord]) -> dict[str, Any]:
    """Return the search as plain data: counts, the best, the front and every trial."""
    order, on_front = ranked(plan, trials), front(trials)
    return {
        "search": plan.name,
        "run_id": plan.run_id,
        "tuner": plan.tuner,
        "objective": plan.objective.metric,
        "direction": plan.objective.direction,
        "trials": len(trials),
        "finished": len(order),
        "failed": len(trials) - len(order),
        "best": order[0].id if order else None,
        "front": on_front,
        "table": [
            {
                "trial": trial.id,
                "state": trial.state,
                "network": trial.configuration.network,
                "front": trial.id in on_front,
                "reason": trial.reason,
                "values": trial.values,
                **{key: trial.metrics[key] for key in FIGURES if key in trial.metrics},
            }
            for trial in trials
        ],
    }


def write(found: dict[str, Any], folder: Path) -> None:
    """Write summary.json and trials.csv."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "summary.json", found, indent=1)
    axes = sorted({axis for row in found["table"] for axis in row["values"]})
    columns = ["trial", "state", "network", "front", *FIGURES, *axes, "reason"]
    file = io.StringIO()
    writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows({**row, **row["values"]} for row in found["table"])
    (folder / "trials.csv").write_text(file.getvalue(), encoding="utf-8")


def table(found: dict[str, Any]) -> Table:
    """Return the front as a table for people: 80 columns hold it."""
    title = f"{found['search']}: accuracy against latency"
    shown = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("trial", "exact match", "characters wrong", "ms", "kB", "parameters"):
        shown.add_column(name.replace(" ", "\n"), no_wrap=True, justify="left" if name == "trial" else "right")
    shown.add_column("values", overflow="fold")
    rows = [row for row in found["table"] if row["front"]]
    varied = {
        key for row in rows for key in row["values"] if any(row["values"][key] != r["values"].get(key) for r in rows)
    }
    for row in sorted(rows, key=lambda row: row["latency_p50_ms"]):
        shown.add_row(
            row["trial"] + (" best" if row["trial"] == found["best"] else ""),
            f"{row[Metric.BEST_VAL_EXACT_MATCH]:.2%}",
            f"{row[Metric.BEST_VAL_CHARACTER_ERROR_RATE]:.2%}",
            f"{row['latency_p50_ms']:.3f}",
            f"{row['model_bytes'] / 1000:,.0f}",
            f"{row['parameters']:,.0f}",
            "\n".join(f"{key} {value}" for key, value in row["values"].items() if key in varied),
        )
    return shown


class SearchView:
    """A search as it goes, on stderr: a line for each trial, and a bar with the best so far and the time left."""

    def __init__(self, plan: SearchPlan, done: int) -> None:
        self.plan, self.before = plan, done
        self.started = time.monotonic()
        self.bar = Progress(
            TextColumn("searching"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.description}"),
            console=console,
        )
        self.task = self.bar.add_task("", total=plan.trials, completed=done)

    def show(self, trials: list[TrialRecord], fresh: list[TrialRecord]) -> None:
        """Print a line for each trial that has just ended, and move the bar."""
        for trial in fresh:
            console.print(_line(trial), highlight=False)
        best = ranked(self.plan, trials)
        key = f"best_{self.plan.objective.metric}"
        words = [f"best {self.plan.objective.metric} {best[0].metrics[key]:.4f}"] if best else []
        done = len(trials) - self.before
        if done:
            left_s = (time.monotonic() - self.started) / done * (self.plan.trials - len(trials))
            words.append(f"about {left_s / 60:.0f} min left" if left_s > 90 else f"about {left_s:.0f} s left")
        self.bar.update(self.task, completed=len(trials), description=", ".join(words))

    def note(self, sentence: str) -> None:
        """Print a sentence that people should know."""
        console.print(f"[yellow]Note:[/] {escape(sentence)}")


def _line(trial: TrialRecord) -> str:
    if trial.state != FINISHED:
        return f"trial {trial.id}  [red]failed[/]: {escape(trial.reason)}"
    figures = trial.metrics
    return (
        f"trial {trial.id}  exact match {figures[Metric.BEST_VAL_EXACT_MATCH]:7.2%}  characters wrong "
        f"{figures[Metric.BEST_VAL_CHARACTER_ERROR_RATE]:6.2%}  {figures['latency_p50_ms']:.3f} ms  "
        f"{figures['model_bytes'] / 1000:,.0f} kB  in {figures['trial_seconds']:.0f} s"
    )
