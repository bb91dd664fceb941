"""SIGKILL at random moments, again and again, and what must hold after each. The commands are in ``victims``."""

import os
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.tools.processes import TEMPORARY, Process, kill, start, stderr_of, wait_for, works

SOONER = 0.9  # for a machine that is quicker than it was when the time was taken
LEFTOVERS = ("*.tmp", "*.new", "*.old", "*.part", ".writing", "*.new.npz")


def check(holds: bool, promise: str) -> None:
    """Raises: AssertionError: If a promise does not hold."""
    if not holds:
        raise AssertionError(f"expected {promise}, received something else")


class Victim:
    """A command that is killed and started again until it gets through; the base of the rows in ``victims``.

    Args:
        folder: Its own.
        size: How much it has to do.
    """

    span = (0.1, 1.05)  # kills come between these shares of an uninterrupted run, counted from `begun`

    def __init__(self, folder: Path, size: int) -> None:
        self.folder, self.size = folder, size
        self.figures: dict[str, Any] = {}

    def prepare(self) -> None:
        """Make what the command works on."""

    def words(self) -> Sequence[str]:
        """Return the command that begins, or goes on as a user would."""
        raise NotImplementedError

    def start(self) -> Process:
        """Start the command."""
        return start(self.folder, *self.words())

    def begun(self) -> bool:
        """Whether the command has come as far as the moments of its kills are counted from."""
        return True

    def look(self) -> None:
        """Check what must hold after each kill."""

    def finished(self, process: Process) -> None:
        """Check a command that got to its end."""
        check(process.returncode == 0, f"a command that works ({stderr_of(self.folder)[-800:]})")

    def again(self) -> None:
        """Clear the way for another run."""

    def to_the_end(self) -> float:
        """Leave the command alone; return the seconds from `begun` to its end."""
        process = self.start()
        wait_for(process, self.begun)
        began = time.monotonic()
        process.wait()
        self.finished(process)
        return time.monotonic() - began

    def end(self) -> None:
        """Check what must hold in the end, and stop what was started."""


def kill_again(victim: Victim, kills: int, seed: int = 0) -> dict[str, Any]:
    """Kill a command so often; half of the kills hit the parent alone, half its workers at the same moment."""
    rng, done, quicker = random.Random(seed), 0, 0
    victim.prepare()
    seconds = victim.to_the_end()
    victim.again()
    while done < kills:
        process = victim.start()
        if wait_for(process, victim.begun):
            until = time.monotonic() + seconds * rng.uniform(*victim.span)
            wait_for(process, lambda until=until: time.monotonic() >= until)  # type: ignore[misc]
        if kill(process, whole_session=rng.random() < 0.5):
            done += 1
            victim.look()
        else:
            quicker += 1
            seconds *= SOONER
            check(quicker <= 10 * kills + 10, "a command that is still running when its kill comes")
            victim.finished(process)
            victim.again()
    victim.to_the_end()
    victim.end()
    check_clean(victim.folder)
    return {"kills": done, "finished_before_a_kill": quicker, **victim.figures}


def leftovers(folder: Path) -> list[str]:
    """Return what is half written below a folder, relative to it; temporary files are not counted."""
    found = {path for pattern in LEFTOVERS for path in folder.rglob(pattern)}
    return sorted(path.relative_to(folder).as_posix() for path in found)


def check_clean(folder: Path) -> None:
    """Run a command, which is to clear up behind the killed ones, and see that nothing of theirs is left."""
    for path in (folder / TEMPORARY).glob("*"):
        os.utime(path, (time.time() - 3600,) * 2)  # what is young might be of a command that just begins
    works(folder, "doctor", "--repair")
    rest = [*leftovers(folder), *(path.name for path in (folder / TEMPORARY).iterdir())]
    check(not rest, f"nothing left over ({', '.join(rest)})")
    if (folder / "mlflow.db").is_file():
        check(running(folder) == 0, "no run that is open without a process")


def mlflow(folder: Path) -> Any:
    """Return MLflow's client on the database of a folder."""
    from mlflow import MlflowClient

    return MlflowClient(f"sqlite:///{folder}/mlflow.db")


def running(folder: Path) -> int:
    """Return how many runs MLflow holds for running."""
    client = mlflow(folder)
    experiments = [one.experiment_id for one in client.search_experiments()]
    return len(client.search_runs(experiments, "attributes.status = 'RUNNING'"))
