"""Which process a run belongs to, and whether that is still there."""

import os
import platform
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from captcha_core.tracking.names import Tag


def own_tags() -> dict[str, str]:
    """Return the tags by which a run of this process is known later."""
    return owner_tags(os.getpid())


def owner_tags(pid: int) -> dict[str, str]:
    """Return the tags of a process of this machine."""
    return {Tag.PID: str(pid), Tag.HOST: platform.node(), Tag.BORN: born(pid)}


def is_own(tags: Mapping[str, str]) -> bool:
    """Say whether a run is this process's."""
    return own_tags().items() <= tags.items()


def is_gone(tags: Mapping[str, str]) -> bool:
    """Say whether a run's process was one of this machine and is no more; False where that cannot be known.

    Another process with its number does not count: in a container that was started anew, all have the old ones.
    """
    pid = tags.get(Tag.PID, "")
    if tags.get(Tag.HOST) != platform.node() or not pid.isdigit() or Tag.BORN not in tags:
        return False
    return not is_alive(int(pid), tags[Tag.BORN])


def is_alive(pid: int, since: str) -> bool:
    """Say whether the process with this number is there that began when :func:`born` says."""
    return bool(since) and born(pid) == since


def born(pid: int) -> str:
    """Return when a process began, empty if it is not there: as exactly as the system keeps it.

    On Linux that is in ticks since the machine was started, which a change of its clock does not move.
    """
    with suppress(psutil.Error, OSError):
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return ""
        stat = Path(f"/proc/{pid}/stat")
        if stat.exists():
            return stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
        return f"{process.create_time():.2f}"
    return ""
