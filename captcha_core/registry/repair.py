"""Runs whose process is gone: found, and closed."""

import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass

import psutil

from captcha_core.registry.runs import EXPERIMENT, client

SLACK_S = 60.0  # a process that began later than its run by more than this has taken the number over
REASON = "its process ended without a word (killed, or the machine stopped); closed by captchalab doctor --repair"


@dataclass(frozen=True)
class Orphan:
    """A run that MLflow holds for running, of a process of this machine that is gone."""

    run_id: str
    name: str
    pid: int


def orphans(experiment: str = EXPERIMENT) -> Iterator[Orphan]:
    """Yield the runs of this machine that are RUNNING without a process. Runs of other machines are left alone."""
    mine = client()
    found = mine.get_experiment_by_name(experiment)
    if found is None:
        return
    page: str | None = None
    while True:
        runs = mine.search_runs(
            [found.experiment_id], "attributes.status = 'RUNNING'", max_results=1000, page_token=page
        )
        for run in runs:
            tags, pid = run.data.tags, run.data.tags.get("captchalab.pid", "")
            here = tags.get("captchalab.host") == platform.node() and pid.isdigit()
            if here and not _lives(int(pid), float(tags.get("captchalab.started", "inf"))):
                yield Orphan(run.info.run_id, run.info.run_name or run.info.run_id, int(pid))
        page = runs.token
        if not page:
            return


def close(orphan: Orphan) -> None:
    """Mark a run as FAILED, with the reason. It can still be resumed."""
    mine = client()
    mine.set_tag(orphan.run_id, "captchalab.reason", REASON)
    mine.set_terminated(orphan.run_id, "FAILED")


def _lives(pid: int, started_s: float) -> bool:
    """Say whether the process that began a run at ``started_s`` is still there, not another with its number."""
    if pid == os.getpid():
        return True
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and process.create_time() <= started_s + SLACK_S
    except psutil.Error:
        return False
