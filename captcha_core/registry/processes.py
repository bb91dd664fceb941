"""Which process a run belongs to, and whether that is still there."""

import os
import platform
import time
from collections.abc import Mapping

import psutil

SLACK_S = 60.0  # a process that began later than its run by more than this has taken the number over


def own_tags() -> dict[str, str]:
    """Return the tags by which a run of this process is known later."""
    return {
        "captchalab.pid": str(os.getpid()),
        "captchalab.host": platform.node(),
        "captchalab.started": str(time.time()),
    }


def is_gone(tags: Mapping[str, str]) -> bool:
    """Say whether a run's process was one of this machine and is no more; False where that cannot be known."""
    pid = tags.get("captchalab.pid", "")
    here = tags.get("captchalab.host") == platform.node() and pid.isdigit()
    return here and not _lives(int(pid), float(tags.get("captchalab.started", "inf")))


def _lives(pid: int, started_s: float) -> bool:
    """Say whether the process that began a run at ``started_s`` is still there, not another with its number."""
    if pid == os.getpid():
        return True
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and process.create_time() <= started_s + SLACK_S
    except psutil.Error:
        return False
