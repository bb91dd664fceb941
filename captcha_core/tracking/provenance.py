"""Where a run comes from: code, libraries, command, user, and the process, which may be there still."""

import getpass
import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from captcha_core.plugins import load_plugins
from captcha_core.tracking.names import Tag

LIBRARIES = ("captchalab", "tensorflow", "keras", "numpy", "mlflow", "captcha")


def provenance() -> dict[str, str]:
    """Return the tags that tell which code, libraries and command made a run."""
    tags = {f"{Tag.VERSION}{name}": version_of(name) for name in LIBRARIES}
    tags[f"{Tag.VERSION}python"] = platform.python_version()
    tags[Tag.COMMAND] = " ".join(Path(sys.argv[0]).name.split() + sys.argv[1:])
    if plugins := load_plugins():
        tags[Tag.PLUGINS] = " ".join(plugins)
    commit = _git("rev-parse", "HEAD")
    if commit:
        tags[Tag.GIT_COMMIT] = commit
        tags[Tag.GIT_DIRTY] = str(bool(_git("status", "--porcelain"))).lower()
    return tags


def origin() -> dict[str, str]:
    """Return the tags that MLflow gives to every run of its own: user, program and commit; here also of plain runs.

    A worker of a search has those of its search: :func:`handed_on` puts them where MLflow looks.
    """
    from mlflow.tracking.context.registry import resolve_tags

    commit = _git("rev-parse", "HEAD")
    tags: dict[str, str] = resolve_tags()
    return {**tags, Tag.GIT_COMMIT: commit} if commit else tags


def handed_on() -> dict[str, str]:
    """Return the variables by which a process that works for this one has the same origin."""
    return {"MLFLOW_RUN_CONTEXT": json.dumps(origin())}


def user() -> str:
    """Return the name of the user of this process, ``unknown`` where the system has none, as in many containers."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


def version_of(package: str) -> str:
    """Return the installed version of a package."""
    try:
        return version(package)
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "0"


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


def _git(*arguments: str) -> str:
    try:
        root = Path(__file__).parent.parent.parent
        done = subprocess.run(  # noqa: S603  a fixed command
            ["git", "-C", str(root), *arguments],  # noqa: S607
            capture_output=True, text=True, timeout=10, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
