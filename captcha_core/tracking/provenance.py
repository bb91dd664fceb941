"""Where a run comes from: code, libraries, command and user."""

import getpass
import json
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

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
