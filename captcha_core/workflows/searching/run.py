"""A search from its beginning, or from where it stopped, to its report."""

import contextlib
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from captcha_core.dataset.store import Dataset
from captcha_core.errors import CaptchaError, DataError, ModelError
from captcha_core.files import read_json, write_json
from captcha_core.progress.console import console
from captcha_core.tracking.names import Artifact, Kind, Tag
from captcha_core.tracking.outbox import Outbox
from captcha_core.tracking.owner import own_tags
from captcha_core.tracking.runs import RUNS, Run, begin_run, open_outbox, send_left_behind, start_run
from captcha_core.training.checkpoint import Checkpoint
from captcha_core.training.fit import best_of
from captcha_core.training.search.oracles import make_oracle
from captcha_core.training.search.trials import Fatal, Tuner
from captcha_core.workflows.data import require_labels
from captcha_core.workflows.searching import report
from captcha_core.workflows.searching.ending import WorkerFault
from captcha_core.workflows.searching.final import Final, decide
from captcha_core.workflows.searching.plan import SearchPlan
from captcha_core.workflows.searching.processes import Processes
from captcha_core.workflows.searching.reconcile import children, reconcile
from captcha_core.workflows.searching.report import TrialRecord, front, ranked, records, summary
from captcha_core.workflows.searching.trial import TrialRunner, begin_trial
from captcha_core.workflows.searching.view import SearchView
from captcha_core.workflows.searching.workers import RayTasks, WorkerPool, work
from captcha_core.workflows.train import bundle_of

LEFT_BEHIND_S = 5.0


@dataclass(frozen=True)
class SearchOptions:
    """How a search is carried out; none of it changes what is found.

    Args:
        workers: Processes, or tasks of a cluster; 1 runs the trials in this process.
        cluster: Address of a Ray cluster, empty for this machine.
        repeats: Trainings on the full budget of the winner and of the default; 0 leaves the comparison out.
        full_minutes: The full budget, 0 for the preset's.
        bundles: How many of the best trials get their bundle logged.
    """

    workers: int = 1
    cluster: str = ""
    repeats: int = 2
    full_minutes: float = 0.0
    bundles: int = 3


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
        return ranked(self.plan, self.trials)[0]

    def record(self) -> dict[str, Any]:
        final = {"final": self.final.record()} if self.final else {}
        shares = {"seconds": self.seconds, "platform_share": self.platform_share}
        return {**summary(self.plan, self.trials), **shares, **final}


def run_search(
    plan: SearchPlan, options: SearchOptions = SearchOptions(), processes: Processes | None = None
) -> SearchResult:
    """Run a search, or go on with it, inside its MLflow run.

    Args:
        plan: What is searched.
        options: How.
        processes: Workers that are open already.

    Raises:
        ModelError: If no trial works, a fault in the code is met, or another process runs this search.
        DataError: If the disk is full, or the comparison at the end would have nothing to test on.
        RegistryError: If the tracking server stays away.
    """
    if options.repeats and plan.base.data:
        require_labels(Dataset.open(Path(plan.base.data)), "test")  # now, not after the trials
    plan.folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(plan.folder / "lock", timeout=0):
            return _locked(plan, options, processes)
    except Timeout:
        raise ModelError(
            f"expected a search that nobody runs, received {plan.name}, which another process is running; wait for it."
        ) from None


def _locked(plan: SearchPlan, options: SearchOptions, processes: Processes | None) -> SearchResult:
    try:
        plan = _with_run(plan)
        tags = {Tag.KIND: Kind.SEARCH, Tag.SEARCH: plan.name}
        tags[Tag.PRESET] = plan.base.preset or Path(plan.base.data).name
        with start_run(plan.name, tags, plan.run_id, keep=RUNS) as run:
            try:
                return _search(plan, options, run, processes)
            except WorkerFault as error:
                run.tags({Tag.TRACEBACK: error.trace[-5000:]})
                raise
            except (CaptchaError, OSError):
                raise
            except Exception:
                import traceback

                run.tags({Tag.TRACEBACK: traceback.format_exc()[-5000:]})
                raise
    except OSError as error:
        raise DataError(
            f"expected files that can be read and written, received {error}; see to that and go on with captchalab "
            f"tune --resume {plan.name}: no finished trial is lost."
        ) from error


def _with_run(plan: SearchPlan) -> SearchPlan:
    """Return the plan with its parent run, written down at each step: a kill never leaves two."""
    import os

    plan.save()
    if not plan.run_id:
        handed = os.environ.pop("MLFLOW_RUN_ID", None)  # mlflow run has made one
        tags = {Tag.KIND: Kind.SEARCH, Tag.SEARCH: plan.name, **own_tags()}
        plan = replace(plan, run_id=handed or begin_run(plan.uid, plan.name, tags), uid=plan.uid)
        plan.save()
    return plan


def _search(plan: SearchPlan, options: SearchOptions, run: Run, processes: Processes | None) -> SearchResult:
    _log_plan(plan, run)
    _note_other_data(plan)
    oracle = make_oracle(
        plan.tuner, plan.space, plan.objective, plan.seed, plan.retries, plan.folder, plan.trials, plan.default_values()
    )
    send_left_behind(plan.folder.glob("outbox-*.jsonl"), LEFT_BEHIND_S)
    outbox = open_outbox(plan.folder / "outbox-main.jsonl")
    before = {int(trial_id) for trial_id in oracle.end_order}
    began = time.perf_counter()
    try:
        _run_trials(plan, options, oracle, outbox, run, processes)
        reconcile(plan, oracle, outbox)
    except BaseException:
        with contextlib.suppress(Exception):
            _stop_ongoing(plan, oracle, outbox)
        outbox.close(LEFT_BEHIND_S)
        raise
    outbox.close()
    trials = records(plan, oracle)
    fresh = [trial for trial in trials if int(trial.id) not in before]
    seconds = time.perf_counter() - began
    order = ranked(plan, trials)
    if not order:
        last = trials[-1].reason if trials else "none was run"
        raise ModelError(
            f"expected a trial that works, received {len(trials)} failures, the last: {last} Widen the space or "
            "the limits."
        )
    if len(trials) < plan.trials:
        console.print(f"[yellow]Note:[/] the space holds no more than {len(trials)} configurations.", highlight=False)
    _log_best(plan, run, order, trials)
    _log_bundles(plan, order[: options.bundles])
    final = decide(plan, order[0], options.repeats, options.full_minutes) if options.repeats else None
    found = SearchResult(plan, trials, final, seconds, _platform_share(fresh, seconds, options.workers))
    _log_result(found, run)
    return found


def _log_plan(plan: SearchPlan, run: Run) -> None:
    axes = {axis.key: axis.dimension.record() for axis in plan.space.axes}
    run.params(
        {
            "preset": {"name": plan.base.preset or None},
            "search": {
                "name": plan.name,
                "tuner": plan.tuner,
                "objective": plan.objective.metric,
                "direction": plan.objective.direction,
                "seed": plan.seed,
                "networks": ",".join(plan.networks),
                "budget": dict(plan.budget),
                "limits": {"latency_ms": plan.limits.latency_ms, "bytes": plan.limits.bytes},
                "retries": plan.retries,
            },
            "space": axes,
        }
    )
    run.tags({Tag.TRIALS: plan.trials})
    with tempfile.TemporaryDirectory() as folder:
        import json

        (Path(folder) / "space.json").write_text(json.dumps(plan.space.record(), indent=1), encoding="utf-8")
        Run(run.id, run.client).folder(Path(folder), Artifact.SEARCH)


def _note_other_data(plan: SearchPlan) -> None:
    """Say so where the data has changed since the first trial: what is measured on one does not rank on the other."""
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
    with SearchView(plan, len(known)) as view:

        def changed(sentence: str = "") -> None:
            if sentence:
                view.note(sentence)
            if len(oracle.end_order) == len(known):
                return
            trials = records(plan, oracle)
            fresh = [trial for trial in trials if trial.id not in known]
            known.update(trial.id for trial in fresh)
            view.show(trials, fresh)
            failed = sum(trial.state == report.FAILED for trial in trials)
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
            Tuner(oracle, plan.folder / "keras_tuner", TrialRunner(plan, outbox), lambda trial: changed()).search()
        except Fatal as error:
            raise error.cause from None


def _pool(options: SearchOptions, processes: Processes | None) -> WorkerPool | None:
    if options.cluster:
        return RayTasks(options.workers, options.cluster)
    return processes or (Processes(options.workers) if options.workers > 1 else None)


def _stop_ongoing(plan: SearchPlan, oracle: Any, outbox: Outbox) -> None:
    """Leave no trial RUNNING when the search stops; a resume goes on with it."""
    send_left_behind([path for path in plan.folder.glob("outbox-*.jsonl") if path != outbox.path], LEFT_BEHIND_S)
    outbox.flush(LEFT_BEHIND_S)
    running = {name for name, runs in children(plan).items() if runs[0].info.status == "RUNNING"}
    for trial_id in set(oracle.trials) - set(oracle.end_order):
        if f"{int(trial_id):04d}" in running:
            begin_trial(plan, outbox, trial_id).end("KILLED", "the search stopped; resume it to go on")


def _platform_share(fresh: Sequence[TrialRecord], seconds: float, workers: int) -> float | None:
    """Share of the workers' time in this call that was neither building nor fitting: measuring, logging, waiting."""
    if not fresh:
        return None
    fit = sum(trial.metrics.get("fit_seconds", 0.0) for trial in fresh)
    return 1 - fit / (seconds * workers)


def _log_best(plan: SearchPlan, run: Run, order: Sequence[TrialRecord], trials: Sequence[TrialRecord]) -> None:
    best, runs = order[0], children(plan)
    run.metrics({key: value for key, value in best.metrics.items() if key in report.FIGURES}, step=len(trials))
    tags = {Tag.BEST_TRIAL: best.id, Tag.FRONT: ",".join(front(trials))}
    if best.id in runs:
        tags[Tag.BEST_RUN] = runs[best.id][0].info.run_id
    run.tags(tags)


def _log_bundles(plan: SearchPlan, best: Sequence[TrialRecord]) -> None:
    """Give the best trials their bundles, as artifacts of their runs, once."""
    import keras

    runs = children(plan)
    for trial in best:
        run = runs[trial.id][0]
        checkpoint = Checkpoint(plan.trial_folder(trial.id) / "checkpoint")
        if Tag.BUNDLE in run.data.tags or not checkpoint.exists:
            continue
        task = plan.task(trial.configuration, plan.budget)
        training_data = replace(plan.base, task=task).training_data()
        trained = best_of(task, checkpoint)
        with tempfile.TemporaryDirectory() as folder:
            bundle = bundle_of(Path(folder) / "bundle", task, trained, training_data, plan.base.preset or None)
            mine = Run(run.info.run_id, _client())
            mine.folder(bundle.path, Artifact.BUNDLE)
            mine.tags({Tag.BUNDLE: bundle.digest})
        keras.utils.clear_session(free_memory=False)


def _client() -> Any:
    from captcha_core.tracking.runs import client

    return client()


def _log_result(found: SearchResult, run: Run) -> None:
    if found.platform_share is not None:
        run.metrics({"platform_share": found.platform_share})
    if found.final:
        run.tags({Tag.VERDICT: found.final.sentence(), Tag.REGISTERED: found.final.registered})
    with tempfile.TemporaryDirectory() as folder:
        report.write(found.record(), Path(folder))
        report.write(found.record(), found.plan.folder / "summary")
        Run(run.id, run.client).folder(Path(folder), Artifact.SEARCH)
