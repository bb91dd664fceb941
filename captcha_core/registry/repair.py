"""What processes that are gone have left: runs that are open, promotions half done, lines that were not sent."""

import platform
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from captcha_core.registry import promotion
from captcha_core.registry.history import Entry
from captcha_core.tracking.address import is_missing, tracking_uri
from captcha_core.tracking.connect import client, deleted_fault, experiment_name, quoted
from captcha_core.tracking.logged_models import close_unfinished
from captcha_core.tracking.names import Tag
from captcha_core.tracking.outbox import is_in_use, run_ids, waiting
from captcha_core.tracking.provenance import is_gone
from captcha_core.tracking.runs import OUTBOX

if TYPE_CHECKING:
    from mlflow.entities import Experiment

REASON = "its process ended without a word (killed, or the machine stopped); closed by captchalab doctor --repair"
SPOOLS = (f"*/{OUTBOX}", "*/outbox-*.sqlite")  # of trainings, of searches


@dataclass(frozen=True)
class Orphan:
    """A run that MLflow holds for running, of a process of this machine that is gone."""

    run_id: str
    name: str
    pid: int


def orphans() -> Iterator[Orphan]:
    """Yield the runs of this machine that are RUNNING without a process, whatever their experiment.

    Runs of other machines are left alone.
    """
    mine = client()
    places = [place.experiment_id for place in mine.search_experiments()]
    here = f"attributes.status = 'RUNNING' and tags.`{Tag.HOST}` = {quoted(platform.node())}"
    page: str | None = None
    while places:
        runs = mine.search_runs(places, here, max_results=1000, page_token=page)
        for run in runs:
            if is_gone(run.data.tags):
                pid = int(run.data.tags[Tag.PID])
                yield Orphan(run.info.run_id, run.info.run_name or run.info.run_id, pid)
        page = runs.token
        if not page:
            return


def deleted_experiments() -> list["Experiment"]:
    """Return the experiments for new runs and promotions that were deleted, so that nothing can be logged there."""
    found = (client().get_experiment_by_name(name) for name in (experiment_name(), promotion.EXPERIMENT))
    return [place for place in found if place is not None and deleted_fault(place)]


def restore(experiment: "Experiment") -> None:
    """Take back that an experiment was deleted; its runs come back with it."""
    client().restore_experiment(experiment.experiment_id)


def close(orphan: Orphan) -> None:
    """Mark a run, and a model that it was storing, as FAILED, with the reason. It can still be resumed."""
    mine = client()
    close_unfinished(mine, orphan.run_id)
    mine.set_tag(orphan.run_id, Tag.REASON, REASON)
    mine.set_terminated(orphan.run_id, "FAILED")


def left_behind(folder: Path) -> list[Path]:
    """Return the outboxes below a folder of runs that hold unsent lines and that no process has open."""
    found = [path for pattern in SPOOLS for path in sorted(folder.glob(pattern))]
    return [path for path in found if waiting(path) and not is_in_use(path)]


def elsewhere(paths: Iterable[Path]) -> Path | None:
    """Return the first outbox whose run, or its parent, is not in the tracking store in use but in another one."""
    from mlflow.exceptions import MlflowException

    for path in paths:
        for run_id in run_ids(path):
            if is_missing(tracking_uri()):
                return path
            try:
                client().get_run(run_id)
            except MlflowException as error:
                if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                    return path
                raise
    return None


def half_promoted() -> list[Entry]:
    """Finish or take back the promotions that a kill has cut, and return those that were finished."""
    return [entry for name in model_names() if (entry := promotion.finish_cut(name)) is not None]


def cut_promotions() -> list[str]:
    """Return the models with a promotion or rollback that a kill has cut."""
    return [name for name in model_names() if promotion.cut_run(name) is not None]


def model_names() -> Iterator[str]:
    """Yield the name of every registered model."""
    page: str | None = None
    while True:
        models = client().search_registered_models(max_results=1000, page_token=page)
        yield from (model.name for model in models)
        page = models.token
        if not page:
            return
