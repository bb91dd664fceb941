"""The runs of a search in MLflow: what its parent logs, and exactly one child for each trial of Keras Tuner."""

import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import keras

from captcha_core.errors import RegistryError
from captcha_core.files import read_json, write_json
from captcha_core.tracking.connect import client
from captcha_core.tracking.names import Artifact, Kind, Tag
from captcha_core.tracking.outbox import PATIENCE_S, LaterRun, Outbox
from captcha_core.tracking.runs import Run, send_left_behind
from captcha_core.training.checkpoint import Checkpoint
from captcha_core.training.fit import best_of
from captcha_core.training.search.oracles import values_of
from captcha_core.workflows.logged_training import bundle_of, described, log_learnt
from captcha_core.workflows.searching.final import Final
from captcha_core.workflows.searching.plan import RESULT, SearchPlan
from captcha_core.workflows.searching.report import FIGURES, TrialRecord, failure_of, front, write


def log_plan(plan: SearchPlan, run: Run) -> None:
    """Log what is searched, before the first trial."""
    axes, source = {axis.key: axis.dimension.record() for axis in plan.space.axes}, plan.base.source()
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
                "limits": asdict(plan.limits),
                "retries": plan.retries,
            },
            "space": axes,
            "data": described(source),
        }
    )
    what = f"{plan.trials} trials of {', '.join(plan.networks)} by the {plan.tuner} tuner"
    log_learnt(run, source, what, plan.base.preset)
    run.tags({Tag.TRIALS: plan.trials})
    with tempfile.TemporaryDirectory() as folder:
        write_json(Path(folder) / "space.json", plan.space.record(), indent=1)
        Run(run.id, run.client).folder(Path(folder), Artifact.SEARCH)


def log_best(plan: SearchPlan, run: Run, best: TrialRecord, trials: Sequence[TrialRecord]) -> None:
    """Log into the parent which trial is best, and its metrics."""
    runs = children(plan)
    run.metrics({key: value for key, value in best.metrics.items() if key in FIGURES}, step=len(trials))
    tags = {Tag.BEST_TRIAL: best.id, Tag.FRONT: ",".join(front(trials))}
    if best.id in runs:
        tags[Tag.BEST_RUN] = runs[best.id][0].info.run_id
    run.tags(tags)


def log_bundles(plan: SearchPlan, best: Sequence[TrialRecord]) -> None:
    """Give the best trials their bundles, as artifacts of their runs, once."""
    runs = children(plan)
    for trial in best:
        run = runs[trial.id][0]
        checkpoint = Checkpoint(plan.trial_folder(trial.id) / "checkpoint")
        if Tag.BUNDLE in run.data.tags or not checkpoint.exists:
            continue
        own = replace(plan.base, task=plan.task(trial.configuration, plan.budget))
        trained, child = best_of(own.task, checkpoint), Run(run.info.run_id, client())
        with tempfile.TemporaryDirectory() as folder:
            bundle = bundle_of(Path(folder) / "bundle", own, trained, own.training_data())
            child.folder(bundle.path, Artifact.BUNDLE)
            child.tags({Tag.BUNDLE: bundle.digest})
        keras.utils.clear_session(free_memory=False)


def log_result(
    plan: SearchPlan, run: Run, record: dict[str, Any], platform_share: float | None, final: Final | None
) -> None:
    """Log the end of a search, and write it beside the search."""
    if platform_share is not None:
        run.metrics({"platform_share": platform_share})
    if final:
        run.tags({Tag.VERDICT: final.sentence(), Tag.REGISTERED: final.registered})
    write(record, plan.folder / "summary")
    Run(run.id, run.client).folder(plan.folder / "summary", Artifact.SEARCH)


def begin_trial(plan: SearchPlan, outbox: Outbox, trial_id: str) -> LaterRun:
    """Begin the child run of a trial, or go on with it."""
    label = f"{int(trial_id):04d}"
    return outbox.begin(plan.key(trial_id), f"{plan.name}-{label}", {**plan.child_tags(Kind.TRIAL), Tag.TRIAL: label})


def report_trial(run: LaterRun, result: dict[str, Any]) -> None:
    """Log the metrics of a finished trial and its end; a second time changes nothing."""
    run.metrics(result["metrics"], at_ms=result["at_ms"])
    run.end("FINISHED", at_ms=result["at_ms"])


def children(plan: SearchPlan) -> dict[str, list[Any]]:
    """Return MLflow's runs of the trials, by trial."""
    tracking = client()
    place = tracking.get_run(plan.run_id).info.experiment_id
    wanted = f"tags.`{Tag.KIND}` = '{Kind.TRIAL}' and tags.`{Tag.PARENT}` = '{plan.run_id}'"
    found: dict[str, list[Any]] = {}
    token = None
    while True:
        page = tracking.search_runs([place], wanted, max_results=500, order_by=["start_time ASC"], page_token=token)
        for run in page:
            found.setdefault(run.data.tags[Tag.TRIAL], []).append(run)
        token = page.token
        if not token:
            return found


def reconcile(plan: SearchPlan, oracle: Any, outbox: Outbox) -> None:
    """Send what dead workers left, remove runs that are there twice, and end the run of every ended trial.

    Raises:
        RegistryError: If the tracking server stays away.
    """
    others = [path for path in plan.folder.glob("outbox-*.sqlite") if path != outbox.path]
    left, _ = send_left_behind(others, PATIENCE_S)
    if left or not outbox.flush(PATIENCE_S):
        raise _unsent(plan, outbox)
    known = children(plan)
    for runs in known.values():
        for extra in runs[1:]:
            client().delete_run(extra.info.run_id)
    for trial in oracle.ended:
        runs = known.get(f"{int(trial.trial_id):04d}", [])
        wanted = "FINISHED" if trial.status == "COMPLETED" else "FAILED"
        if runs and runs[0].info.status == wanted:
            continue
        run = begin_trial(plan, outbox, trial.trial_id)
        if not runs:
            run.params({"space": values_of(plan.space, trial.hyperparameters)})
        folder = plan.trial_folder(trial.trial_id)
        result = read_json(folder / RESULT)
        if wanted == "FINISHED" and result:
            report_trial(run, result)
        else:
            run.end(wanted, "" if wanted == "FINISHED" else failure_of(folder, trial))
    if not outbox.flush(PATIENCE_S):
        raise _unsent(plan, outbox)


def _unsent(plan: SearchPlan, outbox: Outbox) -> RegistryError:
    return RegistryError(
        f"expected the tracking server to take what was logged, received: {outbox.trouble or 'no answer'}; nothing "
        f"is lost, go on with captchalab tune --resume {plan.name} when it is back."
    )


def stop_ongoing(plan: SearchPlan, oracle: Any, outbox: Outbox, patience_s: float) -> None:
    """Leave no trial RUNNING when the search stops; a resume goes on with it."""
    send_left_behind([path for path in plan.folder.glob("outbox-*.sqlite") if path != outbox.path], patience_s)
    outbox.flush(patience_s)
    running = {name for name, runs in children(plan).items() if runs[0].info.status == "RUNNING"}
    for trial_id in set(oracle.trials) - set(oracle.end_order):
        if f"{int(trial_id):04d}" in running:
            begin_trial(plan, outbox, trial_id).end("KILLED", "the search stopped; resume it to go on")
