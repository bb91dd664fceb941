"""SIGKILL at random moments, again and again, and what must hold after each."""

import os
import random
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from captcha_core.errors import CaptchaError
from experiments.faults.commands import TEMPORARY, kill, wait_for, works

SOONER = 0.9  # the machine is quicker than it was when the time was taken
LEFTOVERS = ("*.tmp", "*.new", "*.old", "*.part", ".writing", "*.new.npz")


class Broken(CaptchaError):
    """A promise that did not hold."""


def check(holds: bool, promise: str) -> None:
    """Raises: Broken: If a promise does not hold."""
    if not holds:
        raise Broken(f"expected {promise}, received something else after a kill; this is a fault of ours.")


def _always() -> bool:
    return True


@dataclass(frozen=True)
class Victim:
    """A command that is killed.

    Args:
        start: Starts it, or goes on with it as a user would.
        after_s: The moment of a kill is drawn between these, in seconds,
        begun: from when this is true.
        look: Called after each kill.
        finished: Called with a process that ended before its kill came; makes room for another one.
    """

    start: Callable[[], "subprocess.Popen[bytes]"]
    after_s: tuple[float, float]
    begun: Callable[[], bool] = _always
    look: Callable[[], None] = lambda: None
    finished: Callable[["subprocess.Popen[bytes]"], None] = lambda process: None


@dataclass(frozen=True)
class Count:
    """How many kills there were, and how many commands were quicker than theirs."""

    kills: int
    finished_before_a_kill: int


def kill_again(victim: Victim, kills: int, rng: random.Random) -> Count:
    """Kill a command so often; half of the kills hit the parent alone, half its workers at the same moment."""
    done = quicker = 0
    first, last = victim.after_s
    while done < kills:
        process = victim.start()
        if wait_for(process, victim.begun):
            until = time.monotonic() + rng.uniform(first, last)
            wait_for(process, lambda until=until: time.monotonic() >= until)  # type: ignore[misc]
        if kill(process, whole_session=rng.random() < 0.5):
            done += 1
            victim.look()
        else:
            quicker += 1
            first, last = first * SOONER, last * SOONER
            check(quicker <= 10 * kills + 10, "a command that is still running when its kill comes")
            victim.finished(process)
    return Count(done, quicker)


def leftovers(folder: Path) -> list[str]:
    """Return what is half written below a folder, in words relative to it; temporary files are not counted."""
    found = {path for pattern in LEFTOVERS for path in folder.rglob(pattern)}
    return sorted(path.relative_to(folder).as_posix() for path in found)


def check_clean(folder: Path) -> None:
    """Run a command, which is to clear up behind the killed ones, and see that nothing of theirs is left.

    Raises:
        Broken: If there is.
        Refused: If it does not work.
    """
    for path in (folder / TEMPORARY).glob("*"):
        os.utime(path, (time.time() - 3600,) * 2)  # what is young might be of a command that just begins
    works(folder, "doctor", "--repair")
    rest = [*leftovers(folder), *(path.name for path in (folder / TEMPORARY).iterdir())]
    check(not rest, f"nothing left over ({', '.join(rest)})")
