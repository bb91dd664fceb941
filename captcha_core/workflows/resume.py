"""A training that goes on where its checkpoint stands, or is done once more: its plan, as its run left it."""

from dataclasses import replace
from pathlib import Path

from captcha_core.errors import ModelError, SpecError
from captcha_core.files import read_json
from captcha_core.tracking.connect import client
from captcha_core.tracking.runs import RUNS
from captcha_core.training.checkpoint import Checkpoint
from captcha_core.workflows.plan import PLAN, TrainingPlan, budget_settings


def resume_training(run_id: str, minutes: float = 0.0, data: str = "", letters: str = "") -> TrainingPlan:
    """Return the plan of a run on this machine, to go on where its checkpoint stands.

    Args:
        minutes: A new budget, 0 for what is left of the old one.
        data: Where its data set is now, if it was moved; and
        letters: its single letters.

    Raises:
        ModelError: If the run left no checkpoint here, its data is gone or has changed, or it is finished and gets no
            new budget.
    """
    plan = same_training(run_id, minutes, data, letters)
    checkpoint = Checkpoint(RUNS / run_id)
    trained = checkpoint.exists and checkpoint.load_progress().finished and not minutes
    if trained and client().get_run(run_id).info.status == "FINISHED":
        raise ModelError(
            f"expected --minutes for the finished run {run_id}, received none; say how much longer it shall train."
        )
    return replace(plan, extend=not trained)  # killed before it was registered


def same_training(run_id: str, minutes: float = 0.0, data: str = "", letters: str = "") -> TrainingPlan:
    """Return the plan of a run on this machine, with another budget or other places of its data where they are given.

    Raises:
        ModelError: If the run left no plan here, or what it learns from is gone or has changed.
    """
    plan, learnt = _read_plan(run_id, minutes)
    if (data and not plan.data) or (letters and not plan.letters):
        raise SpecError(f"expected no data for {run_id}, received some; it goes on as it began, leave that out.")
    plan = replace(plan, data=data or plan.data, letters=letters or plan.letters)
    for option, place in (("data", plan.data), ("letters", plan.letters)):
        if place and not Path(place).is_dir():
            raise ModelError(
                f"expected what {run_id} learns from in {place}, received no such folder; if it was moved, say where "
                f"it is with --{option} DIR."
            )
    if learnt not in (None, plan.learnt()):
        what = f"scheme in {plan.scheme}" if plan.scheme else f"samples and labels in {plan.data}"
        raise ModelError(
            f"expected the {what} that {run_id} learns from, received others; put them back, or begin a new training "
            "with --start-from."
        )
    return plan


def _read_plan(run_id: str, minutes: float) -> tuple[TrainingPlan, str | None]:
    """Return the plan that a run has left, and the digest of what it learnt from."""
    path = RUNS / run_id / PLAN
    if Path(run_id).name != run_id or not path.is_file():
        known = ", ".join(sorted(p.parent.name for p in RUNS.glob(f"*/{PLAN}"))[-5:]) or "there is none"
        raise ModelError(f"expected a run begun in this folder ({known}), received {run_id!r}; give its id.")
    try:
        record = read_json(path)
        plan = TrainingPlan.of(record, run_id, record["training"] | budget_settings(minutes))
        return plan, record.get("learnt")
    except (ValueError, TypeError, KeyError):
        raise ModelError(f"expected the plan of a training in {path}, received a damaged file; begin anew.") from None
