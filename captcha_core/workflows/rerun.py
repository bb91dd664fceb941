"""The same training once more: configuration, data and seed of a run, and what came out differently."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from captcha_core.errors import ModelError
from captcha_core.tracking.connect import client
from captcha_core.tracking.names import Metric, Tag
from captcha_core.workflows.resume import same_training
from captcha_core.workflows.train import train_plan

if TYPE_CHECKING:
    from captcha_core.workflows.logged_training import TrainingOutcome

FIGURES = {  # what is held against the first run
    Metric.TEST_EXACT_MATCH: "exact match",
    Metric.TEST_CHARACTER_ERROR_RATE: "character error rate",
    Metric.BEST_VAL_LOSS: "best validation loss",
    Metric.EPOCHS_DONE: "epochs",
}


@dataclass(frozen=True)
class Rerun:
    """Two runs of one configuration.

    Args:
        outcome: Of the second run.
        figures: Before and after, by what they are called.
        surroundings: Versions of libraries and the code's commit, before and after, where they are not the same.
    """

    outcome: "TrainingOutcome"
    figures: Mapping[str, tuple[float, float]]
    surroundings: Mapping[str, tuple[str, str]]


def rerun(run_id: str) -> Rerun:
    """Train again as a finished run of this folder did: configuration, samples and seed are the same.

    A budget in minutes ends after as many epochs as the machine gets done; one in epochs is the same everywhere.

    Raises:
        ModelError: If the run was not begun in this folder or not finished, or its samples or labels have changed.
    """
    plan = same_training(run_id)
    before = client().get_run(run_id).data
    if Metric.TEST_EXACT_MATCH not in before.metrics:
        raise ModelError(f"expected a finished run to hold the second against, received {run_id}; resume it first.")
    outcome = train_plan(replace(plan, run_id=""))
    client().set_tag(outcome.run_id, Tag.RERUN_OF, run_id)
    after = client().get_run(outcome.run_id).data
    figures = {
        name: (before.metrics[key], after.metrics[key])
        for key, name in FIGURES.items()
        if key in before.metrics and key in after.metrics
    }
    return Rerun(outcome, figures, _changed(before.tags, after.tags))


def _changed(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return what stood around the two trainings and is not the same."""
    keys = sorted(key for key in {*before, *after} if key.startswith(Tag.VERSION) or key == Tag.GIT_COMMIT)
    pairs = {key: (before.get(key, "none"), after.get(key, "none")) for key in keys}
    return {key.removeprefix(Tag.VERSION): pair for key, pair in pairs.items() if pair[0] != pair[1]}
