"""A search from its beginning, or from where it stopped, to its report."""

import contextlib
import os
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from captcha_core.dataset.store import Dataset
from captcha_core.errors import CaptchaError, DataError, ModelError
from captcha_core.files import locked, read_json, write_json
from captcha_core.progress import console
from captcha_core.tracking.names import Kind, Tag
from captcha_core.tracking.outbox import Outbox
from captcha_core.tracking.provenance import own_tags
from captcha_core.tracking.runs import RUNS, Run, begin_run, open_outbox, send_left_behind, start_run
from captcha_core.training.search.oracles import make_oracle
from captcha_core.training.search.trials import Fatal, Tuner
from captcha_core.workflows.data import require_labels
from captcha_core.workflows.searching.final import Final, decide
from captcha_core.workflows.searching.plan import SearchPlan
from captcha_core.workflows.searching.processes import Processes, RayTasks, WorkerPool
from captcha_core.workflows.searching.report import FAILED, SearchView, TrialRecord, ranked, records, summary
from captcha_core.workflows.searching.runs import log_best, log_bundles, log_plan, log_result, reconcile, stop_ongoing
from captcha_core.workflows.searching.trial import TrialRunner
from captcha_core.workflows.searching.workers import WorkerFault, work

OPTIONS = "options.json"  # in the folder of the search
LEFT_BEHIND_S = 5.0  # patience with a server when a search stops


@dataclass(frozen=True)
class SearchOptions:
    """How a search is carried out; none of it changes what is found.

    Args:
        workers: Processes, or tasks of a cluster; 1 runs the trials in this process.
        repeats: Trainings on the full budget of the winner and of the default; 0 leaves the comparison out.
        full_minutes: The full budget, 0 for the preset's.
    """

    workers: int = 1
    cluster: str = ""
    repeats: int = 2
    full_minutes: float = 0.0
    bundles: int = 3

    @staticmethod
    def begun_with(plan: SearchPlan) -> dict[str, Any]:
        """Return what a search that is resumed was begun with of its ending; nothing for a new one."""
        return read_json(plan.folder / OPTIONS) or {}

    def save(self, plan: SearchPlan) -> None:
        """Write what :meth:`begun_with` reads."""
        write_json(plan.folder / OPTIONS, {key: getattr(self, key) for key in ("repeats", "full_minutes", "bundles")})


@dataclass(frozen=True)
class SearchResult:
    """What a search has found, how long its trials took in this call, and the platform's own share of that."""

    plan: SearchPlan
    trials: Sequence[TrialRecord]
    final: Final | None
    seconds: float
    platform_share: float | None

    @property
    def best(self) -> TrialRecord:
        """The best finished trial."""
        return ranked(self.plan, self.trials)[0]

    def record(self) -> dict[str, Any]:
        """Return the result as plain data."""
        final = {"final": self.final.record()} if self.final else {}
        shares = {"seconds": self.seconds, "platform_share": self.platform_share}
        return {**summary(self.plan, self.trials), **shares, **final}


def run_search(
    plan: SearchPlan, options: SearchOptions = SearchOptions(), processes: Processes | None = None
) -> SearchResult:
    """Run a search, or go on with it, inside its MLflow run.

    Raises:
        ModelError: If no trial works, a fault in the code is met, or another process runs this search.
        DataError: If the disk is full, or the comparison at the end would have nothing to test on.
        RegistryError: If the tracking server stays away.
    """
    console.print(f"search {plan.name}: {plan.trials} trials of {', '.join(plan.networks)}", highlight=False)
    if options.repeats and plan.base.data:
        require_labels(Dataset.open(Path(plan.base.data)), "test")  # now, not after the trials
    refusal = (
        f"expected a search that nobody runs, received {plan.name}, which another process is running; wait for it."
    )
    try:
        with locked(plan.folder, refusal):
            return _locked(plan, options, processes)
    except OSError as error:
        raise DataError(
            f"expected files that can be read and written, received {error}; see to that and go on with captchalab "
            f"tune --resume {plan.name}: no finished trial is lost."
        ) from error


def _locked(plan: SearchPlan, options: SearchOptions, processes: Processes | None) -> SearchResult:
    plan = _with_run(plan)
    options.save(plan)
    tags = {Tag.KIND: Kind.SEARCH, Tag.SEARCH: plan.name, Tag.PRESET: plan.base.label}
    with start_run(plan.name, tags, plan.run_id, keep=RUNS) as run:
        try:
            return _search(plan, options, run, processes)
        except (CaptchaError, OSError) as error:
            if isinstance(error, WorkerFault):
                run.tags({Tag.TRACEBACK: error.trace[-5000:]})
            raise
        except Exception:
            run.tags({Tag.TRACEBACK: traceback.format_exc()[-5000:]})
            raise


def _with_run(plan: SearchPlan) -> SearchPlan:
    """Return the plan with its parent run, saved at each step: a kill never leaves two."""
    plan.save()
    if not plan.run_id:
        handed = os.environ.pop("MLFLOW_RUN_ID", None)  # mlflow run has made one
        tags = {Tag.KIND: Kind.SEARCH, Tag.SEARCH: plan.name, **own_tags()}
        plan = replace(plan, run_id=handed or begin_run(plan.uid, plan.name, tags), uid=plan.uid)
        plan.save()
    return plan


def _search(plan: SearchPlan, options: SearchOptions, run: Run, processes: Processes | None) -> SearchResult:
    log_plan(plan, run)
    _note_other_data(plan)
    oracle = make_oracle(
        plan.tuner, plan.space, plan.objective, plan.seed, plan.retries, plan.folder, plan.trials, plan.default_values()
    )
    send_left_behind(plan.folder.glob("outbox-*.sqlite"), LEFT_BEHIND_S)
    outbox = open_outbox(plan.folder / "outbox-main.sqlite")
    before = {int(trial_id) for trial_id in oracle.end_order}
    began = time.perf_counter()
    try:
        _run_trials(plan, options, oracle, outbox, run, processes)
        reconcile(plan, oracle, outbox)
    except BaseException:
        with contextlib.suppress(Exception):
            stop_ongoing(plan, oracle, outbox, LEFT_BEHIND_S)
        outbox.close(LEFT_BEHIND_S)
        raise
    outbox.close()
    trials, seconds = records(plan, oracle), time.perf_counter() - began
    order = _require_finished(plan, trials)
    log_best(plan, run, order[0], trials)
    log_bundles(plan, order[: options.bundles])
    final = decide(plan, order[0], options.repeats, options.full_minutes) if options.repeats else None
    fresh = [trial for trial in trials if int(trial.id) not in before]
    found = SearchResult(plan, trials, final, seconds, _platform_share(fresh, seconds, options.workers))
    log_result(plan, run, found.record(), found.platform_share, final)
    return found


def _require_finished(plan: SearchPlan, trials: Sequence[TrialRecord]) -> list[TrialRecord]:
    """Return the finished trials, best first.

    Raises:
        ModelError: If there is none.
    """
    order = ranked(plan, trials)
    if not order:
        last = trials[-1].reason if trials else "none was run"
        raise ModelError(
            f"expected a trial that works, received {len(trials)} failures, the last: {last} Widen the space or "
            "the limits."
        )
    if len(trials) < plan.trials:
        console.print(f"[yellow]Note:[/] the space holds no more than {len(trials)} configurations.", highlight=False)
    return order


def _note_other_data(plan: SearchPlan) -> None:
    """Warn where the data has changed since the first trial: results on different data do not rank."""
    path, now = plan.folder / "learnt.json", plan.base.learnt()
    if (read_json(path) or now) != now:
        console.print(
            "[yellow]Note:[/] the data is not what the search began with: its trials learnt from and were measured on "
            "different samples or labels, and their order means little. Begin a new search to compare all on the same.",
            highlight=False,
        )
    elif not path.exists():
        write_json(path, now)


def _run_trials(
    plan: SearchPlan, options: SearchOptions, oracle: Any, outbox: Outbox, run: Run, processes: Processes | None
) -> None:
    known = {trial.id for trial in records(plan, oracle)}
    view = SearchView(plan, len(known))
    with view.bar:

        def changed(sentence: str = "") -> None:
            if sentence:
                view.note(sentence)
            if len(oracle.end_order) == len(known):
                return
            trials = records(plan, oracle)
            fresh = [trial for trial in trials if trial.id not in known]
            known.update(trial.id for trial in fresh)
            view.show(trials, fresh)
            failed = sum(trial.state == FAILED for trial in trials)
            figures = {"trials_done": float(len(trials)), "trials_failed": float(failed)}
            if best := ranked(plan, trials):
                key = f"best_{plan.objective.metric}"
                figures[key] = best[0].metrics[key]
            run.metrics(figures, step=len(trials))

        pool = _pool(options, processes)
        if pool is not None:
            work(plan, oracle, pool, options.workers, changed)
            changed()
            return
        try:
            Tuner(oracle, plan.folder / "keras_tuner", TrialRunner(plan, outbox), changed).search()
        except Fatal as error:
            raise error.cause from None


def _pool(options: SearchOptions, processes: Processes | None) -> WorkerPool | None:
    if options.cluster:
        return RayTasks(options.workers, options.cluster)
    return processes or (Processes(options.workers) if options.workers > 1 else None)


def _platform_share(fresh: Sequence[TrialRecord], seconds: float, workers: int) -> float | None:
    """Share of the workers' time in this call that was neither building nor fitting: measuring, logging, waiting."""
    if not fresh:
        return None
    fit = sum(trial.metrics.get("fit_seconds", 0.0) for trial in fresh)
    return 1 - fit / (seconds * workers)
