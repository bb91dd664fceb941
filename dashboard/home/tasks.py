"""What the home page says of each task: its champion, how it came to that, what runs now."""

from collections.abc import Sequence
from dataclasses import dataclass

from captcha_core.registry.versions import CHAMPION
from captcha_core.tracking.names import Metric, Param
from dashboard.tracking.records import ModelRecord, ModelVersion, RunRecord

SILENT_S = 2 * 86_400


@dataclass(frozen=True)
class TaskSummary:
    """One kind of captcha that people work on: a registered model, or a preset that has none yet.

    Args:
        name: Of the registered model, or of the preset.
        model: The registered model.
        champion: Its champion, and
        run: the run that made it, where that is still there.
        runs: All runs of the task, newest first.
    """

    name: str
    model: ModelRecord | None
    champion: ModelVersion | None
    run: RunRecord | None
    runs: tuple[RunRecord, ...]

    @property
    def best(self) -> RunRecord | None:
        """The run that read most of its test samples."""
        tested = [run for run in self.runs if run.tested is not None]
        return max(tested, key=lambda run: run.tested or 0.0, default=None)

    @property
    def trend(self) -> list[float]:
        """Exact match on the test samples of its trainings, oldest first, the last 30."""
        return [run.tested for run in reversed(self.runs) if run.tested is not None][-30:]


def tasks(models: Sequence[ModelRecord], runs: Sequence[RunRecord]) -> list[TaskSummary]:
    """Return the tasks, those worked on last first.

    A model has the runs that registered its versions, and those of the same preset or data that registered none.
    """
    by_id = {run.id: run for run in runs}
    found, covered = [], set()
    for model in models:
        run_ids = {version.run_id for version in model.versions}
        presets = {by_id[run_id].preset for run_id in run_ids if run_id in by_id} - {""}
        covered |= presets
        related = tuple(run for run in runs if run.id in run_ids or (run.preset in presets and not run.registered))
        champion = model.behind(CHAMPION)
        made_by = by_id.get(champion.run_id) if champion else None
        found.append(TaskSummary(model.name, model, champion, made_by, related))
    found += [
        TaskSummary(preset, None, None, None, tuple(run for run in runs if run.preset == preset))
        for preset in dict.fromkeys(run.preset for run in runs)
        if preset and preset not in covered
    ]
    return sorted(found, key=lambda task: -max((run.start_ms for run in task.runs), default=0))


def running(runs: Sequence[RunRecord], now_ms: float) -> tuple[list[RunRecord], list[RunRecord]]:
    """Return the runs that run now, children left out, and those that say so but began over two days ago."""
    going = [run for run in runs if run.running and not run.parent]
    live = [run for run in going if run.seconds(now_ms) < SILENT_S]
    return live, [run for run in going if run.seconds(now_ms) >= SILENT_S]


def progress(run: RunRecord, now_ms: float) -> float | None:
    """Return which share of its budget a run has used, None where it has none that is known."""
    if budget_s := _budget_s(run):
        return min(1.0, run.seconds(now_ms) / budget_s)
    if epochs := _number(run, Param.EPOCHS):
        return min(1.0, run.metrics.get(Metric.EPOCHS_DONE, 0.0) / epochs)
    return None


def time_left_s(run: RunRecord, now_ms: float) -> float | None:
    """Return how long a training still takes: by its minutes, or as fast as its epochs were until now."""
    used = progress(run, now_ms)
    if used is None or not 0 < used < 1:
        return None
    if budget_s := _budget_s(run):
        return max(0.0, budget_s - run.seconds(now_ms))
    return run.seconds(now_ms) * (1 - used) / used


def _budget_s(run: RunRecord) -> float:
    return 60 * _number(run, Param.MINUTES) or 3600 * _number(run, Param.HOURS)


def _number(run: RunRecord, key: str) -> float:
    """Return a parameter as a number, 0 where it is none."""
    try:
        return float(run.params.get(key, "") or 0)
    except ValueError:  # MLflow writes None as a word
        return 0.0
