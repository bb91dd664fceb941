"""A search as it goes, on stderr: a line for each trial, and a bar with the best so far and the time left."""

import time
from types import TracebackType

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from captcha_core.progress.console import console
from captcha_core.tracking.names import Metric
from captcha_core.workflows.searching.plan import SearchPlan
from captcha_core.workflows.searching.report import FINISHED, TrialRecord, ranked


class SearchView:
    """Shown within the block."""

    def __init__(self, plan: SearchPlan, done: int) -> None:
        self.plan, self.before = plan, done
        self.started = time.monotonic()
        self.told = done
        self.bar = Progress(
            TextColumn("searching"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.description}"),
            console=console,
        )
        self.task = self.bar.add_task("", total=plan.trials, completed=done)

    def __enter__(self) -> "SearchView":
        self.bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.bar.stop()

    def show(self, trials: list[TrialRecord], fresh: list[TrialRecord]) -> None:
        """Tell of trials that have just ended."""
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
