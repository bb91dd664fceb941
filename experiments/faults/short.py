"""Commands without room on the disk or without memory: a sentence, nothing half written, and the next run works.

``python -m experiments.faults.short FOLDER KIB WORD...`` runs a command in a copy of the folder on a small file system
of its own, in a mount namespace of its own, then once more with room enough, and prints what came of both.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.faults.commands import Refused, environment, run, words
from experiments.faults.kills import check, leftovers

ROOMY_KIB = 2**20
ALONE = ("unshare", "--mount", "--map-root-user")
RECEIPTS = "[0-9]*.json"  # shards that are done: the next run goes on with them, so they are not half written
KEPT = ("data", "files", "mlflow.db", "mlartifacts", "runs")


@dataclass(frozen=True)
class Outcome:
    """What a command did when it was short of something, and afterwards.

    Args:
        code: Its exit code.
        said: Its sentences.
        half_written: What it left half written.
        afterwards: The exit code of the same command once there was enough.
        said_afterwards: And its last words.
    """

    code: int
    said: list[str]
    half_written: list[str]
    afterwards: int
    said_afterwards: str = ""

    def verify(self, what: str) -> None:
        """Raises: Broken: If it failed otherwise than with a sentence, left anything, or does not work afterwards."""
        check(self.code in (0, 1), f"exit code 1 of {what} (received {self.code}: {self.said[-1:]})")
        if self.code:
            check(len(self.said) == 1, f"one sentence of {what} (received {self.said})")
            check("expected" in self.said[0] and "a fault of ours" not in self.said[0], f"a sentence ({self.said})")
        check(not self.half_written, f"nothing half written by {what} (received {self.half_written})")
        check(self.afterwards == 0, f"{what} to work afterwards (received {self.said_afterwards})")


def can_mount() -> bool:
    """Say whether small file systems can be mounted here."""
    if not shutil.which("unshare"):
        return False
    done = subprocess.run([*ALONE, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False)  # noqa: S603
    return done.returncode == 0


def without_room(folder: Path, free_kib: int, *command: str) -> Outcome:
    """Run a command in a copy of a folder on a file system with so much room beside it, then with room enough."""
    done = subprocess.run(  # noqa: S603  our own module
        [*ALONE, sys.executable, "-m", "experiments.faults.short", str(folder), str(free_kib), *command],
        env=environment(folder), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise Refused(f"expected a command on a small file system, received: {done.stderr[-2000:]}")
    return Outcome(**json.loads(done.stdout.splitlines()[-1]))


def without_memory(folder: Path, limit_mib: int, *command: str) -> Outcome:
    """Run a command with so much address space, then without a limit."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (limit_mib * 2**20,) * 2)

    done = subprocess.run(  # noqa: S603  our own command
        words(*command), cwd=folder, env=environment(folder), preexec_fn=limit, capture_output=True, text=True,
        check=False, timeout=600,
    )  # fmt: skip
    return _outcome(folder, done, command)


def _outcome(folder: Path, done: "subprocess.CompletedProcess[str]", command: Sequence[str]) -> Outcome:
    half = [name for name in leftovers(folder) if not any((folder / name).glob(RECEIPTS))]
    again = run(folder, *command)
    half += [] if again.returncode else leftovers(folder)
    said = [line for line in done.stderr.splitlines() if line.startswith(("Error:", "Traceback"))]
    return Outcome(done.returncode, said, half, again.returncode, again.stderr[-1000:] if again.returncode else "")


def _on_small_disk(source: Path, free_kib: int, command: list[str]) -> Outcome:
    place = source / "small"
    place.mkdir(exist_ok=True)
    _mount(place, f"size={ROOMY_KIB}k", "tmpfs")
    for name in KEPT:
        if (source / name).is_dir():
            shutil.copytree(source / name, place / name)
        elif (source / name).is_file():
            shutil.copy(source / name, place / name)
    environment(place)  # makes the folder of temporary files
    used = ROOMY_KIB - shutil.disk_usage(place).free // 1024
    _mount(place, f"remount,size={used + free_kib}k", "tmpfs")
    done = run(place, *command)
    _mount(place, f"remount,size={ROOMY_KIB}k", "tmpfs")
    return _outcome(place, done, command)


def _mount(place: Path, options: str, kind: str) -> None:
    subprocess.run(["mount", "-t", kind, "-o", options, "none", str(place)], check=True)  # noqa: S603, S607


def short_of(folder: Path, kib: Sequence[int], mib: Sequence[int], *command: str) -> list[dict[str, Any]]:
    """Run a command with several little amounts of room and of memory, and check each.

    Raises:
        Broken: If one did not end as it should.
    """
    rows: list[dict[str, Any]] = []
    for what, amounts, attempt in (("KiB", kib, without_room), ("MiB", mib, without_memory)):
        for amount in amounts:
            outcome = attempt(folder, amount, *command)
            outcome.verify(f"{command[0]} with {amount} {what}")
            row = {"command": command[0], what: amount, "exit_code": outcome.code, "said": outcome.said}
            rows.append({**row, "afterwards": outcome.afterwards})
            if what == "MiB":
                _remove_result(folder, command)
    return rows


def _remove_result(folder: Path, command: Sequence[str]) -> None:
    """Make room for another attempt at the same command."""
    if "--out" in command:
        place = folder / command[command.index("--out") + 1]
        shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)


if __name__ == "__main__":
    found = _on_small_disk(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
    print(json.dumps(found.__dict__))
    sys.stdout.flush()
    os._exit(0)
