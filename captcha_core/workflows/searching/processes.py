"""Workers of a search as processes of this machine, each with its share of the threads.

They are opened before there is a search: importing the libraries takes them as long as it takes the command itself.
"""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from captcha_core.workflows.searching.plan import SearchPlan

ROOT = Path(__file__).parent.parent.parent.parent


def environment() -> dict[str, str]:
    """Return the variables of a worker: our modules are found, and the run that we were handed stays ours."""
    kept = {key: value for key, value in os.environ.items() if key != "MLFLOW_RUN_ID"}
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), kept.get("PYTHONPATH", "")]))}


class Processes:
    """Opened at once; ended, told or not, when the block is left.

    Args:
        count: Workers that run at a time.
    """

    host = "127.0.0.1"

    def __init__(self, count: int) -> None:
        self.threads = max(1, (os.cpu_count() or 1) // count)
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.waiting = [self._open() for _ in range(count)]

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, plan: "SearchPlan", tuner_id: str, variables: Mapping[str, str]) -> None:
        log = plan.folder / f"{tuner_id}.log"
        log.open("ab").close()  # a worker that cannot has nowhere to say so
        process = self.waiting.pop() if self.waiting else self._open()
        self.running[tuner_id] = process
        order = {"search": plan.name, "log": str(log), "variables": dict(variables)}
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it has died already, which its exit code says
            process.stdin.write(json.dumps(order).encode() + b"\n")
            process.stdin.close()

    def ended(self) -> list[tuple[str, int]]:
        found = [(tuner_id, code) for tuner_id, one in self.running.items() if (code := one.poll()) is not None]
        for tuner_id, _ in found:
            del self.running[tuner_id]
        return found

    @property
    def busy(self) -> int:
        return len(self.running)

    def stop(self) -> None:
        every = [*self.running.values(), *self.waiting]
        for one in every:
            one.kill()
        for one in every:
            one.communicate()
        self.running.clear()
        self.waiting.clear()

    def _open(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(  # noqa: S603  our own module
            [sys.executable, "-m", "captcha_core.workflows.searching.worker", str(self.threads), str(os.getpid())],
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # once it has a search it writes to the log there
            start_new_session=True,  # Ctrl-C is the parent's to handle
        )
