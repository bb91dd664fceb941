"""captchalab's commands as a user types them: processes of their own, in a folder of their own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
POLL_S = 0.01
TEMPORARY = "tmp"
STDERR = "stderr.log"


class Refused(RuntimeError):
    """A command that was expected to work and did not."""


def environment(folder: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the variables of a command in a folder: MLflow's database and the temporary files are in it, too."""
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    kept = {key: value for key, value in os.environ.items() if key != "MLFLOW_RUN_ID"}
    (folder / TEMPORARY).mkdir(exist_ok=True)
    own = {"MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db", "TMPDIR": str(folder / TEMPORARY)}
    return {**kept, "PYTHONPATH": paths, **own, **(more or {})}


def words(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "experiments.cli", *arguments]


def start(folder: Path, *arguments: str, more: Mapping[str, str] | None = None) -> "subprocess.Popen[bytes]":
    """Start a command in a session of its own; what it says on stderr is in :data:`STDERR` of the folder."""
    with (folder / STDERR).open("wb") as said:
        return subprocess.Popen(  # noqa: S603  our own command
            words(*arguments), cwd=folder, env=environment(folder, more), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=said, start_new_session=True,
        )  # fmt: skip


def run(folder: Path, *arguments: str, more: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end, whatever that is."""
    return subprocess.run(  # noqa: S603  our own command
        words(*arguments), cwd=folder, env=environment(folder, more), stdin=subprocess.DEVNULL, capture_output=True,
        text=True, check=False,
    )  # fmt: skip


def works(folder: Path, *arguments: str, more: Mapping[str, str] | None = None) -> str:
    """Run a command that must work and return what it prints.

    Raises:
        Refused: If it does not.
    """
    done = run(folder, *arguments, more=more)
    if done.returncode:
        raise Refused(f"expected captchalab {' '.join(arguments)} to work, received: {done.stderr[-2000:]}")
    return done.stdout


def works_json(folder: Path, *arguments: str, more: Mapping[str, str] | None = None) -> Any:
    return json.loads(works(folder, *arguments, "--format", "json", more=more))


def said(folder: Path) -> str:
    """Return what the command started last has said on stderr so far."""
    return (folder / STDERR).read_text(errors="replace", encoding="utf-8")


def wait_for(process: "subprocess.Popen[bytes]", there: Callable[[], bool]) -> bool:
    """Wait until something is there or the process has ended; return whether it still runs."""
    while process.poll() is None and not there():
        time.sleep(POLL_S)
    return process.poll() is None


def kill(process: "subprocess.Popen[bytes]", whole_session: bool = True) -> bool:
    """Kill a process, or it and its workers at once; return whether it was still running."""
    alive = process.poll() is None
    if alive and whole_session:
        os.killpg(process.pid, signal.SIGKILL)
    elif alive:
        process.kill()
    process.wait()
    return alive
