"""MLflow's children of a search brought into line with Keras Tuner's trials: exactly one each, in the same state."""

from typing import Any

from captcha_core.errors import RegistryError
from captcha_core.files import read_json
from captcha_core.tracking.names import Kind, Tag
from captcha_core.tracking.outbox import PATIENCE_S, Outbox
from captcha_core.tracking.runs import client, send_left_behind
from captcha_core.training.search.hyperparameters import values_of
from captcha_core.workflows.searching.plan import SearchPlan
from captcha_core.workflows.searching.trial import FAILURE, RESULT, begin_trial, report_trial


def children(plan: SearchPlan) -> dict[str, list[Any]]:
    """Return MLflow's runs of the trials, by trial."""
    mine = client()
    place = mine.get_run(plan.run_id).info.experiment_id
    wanted = f"tags.`{Tag.KIND}` = '{Kind.TRIAL}' and tags.`{Tag.PARENT}` = '{plan.run_id}'"
    found: dict[str, list[Any]] = {}
    token = None
    while True:
        page = mine.search_runs([place], wanted, max_results=500, order_by=["start_time ASC"], page_token=token)
        for run in page:
            found.setdefault(run.data.tags[Tag.TRIAL], []).append(run)
        token = page.token
        if not token:
            return found


def reconcile(plan: SearchPlan, oracle: Any, outbox: Outbox, patience_s: float = PATIENCE_S) -> None:
    """Send what dead workers left, remove runs that are there twice, and say of every ended trial that it ended.

    Raises:
        RegistryError: If the tracking server stays away.
    """
    others = [path for path in plan.folder.glob("outbox-*.jsonl") if path != outbox.path]
    left, _ = send_left_behind(others, patience_s)
    if left or not outbox.flush(patience_s):
        raise _away(plan, outbox)
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
            failure = read_json(folder / FAILURE) or {"reason": trial.message or "no reason was recorded"}
            run.end(wanted, "" if wanted == "FINISHED" else failure["reason"])
    if not outbox.flush(patience_s):
        raise _away(plan, outbox)


def _away(plan: SearchPlan, outbox: Outbox) -> RegistryError:
    return RegistryError(
        f"expected the tracking server to take what was logged, received: {outbox.trouble or 'no answer'}; nothing "
        f"is lost, go on with captchalab tune --resume {plan.name} when it is back."
    )
