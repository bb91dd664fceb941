"""Commands without space on the disk or without memory: a sentence, nothing half written, and the next run works.

``python -m tests.rigs.short FOLDER KIB WORD...`` runs a command in a copy of the folder on a small file system of its
own, in a mount namespace of its own, then once more with enough space, and prints what came of both.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from experiments.tools.processes import command_line, environment, run
from tests.rigs.kills import check, leftovers

LARGE_KIB = 2**20
ALONE = ("unshare", "--mount", "--map-root-user")
RECEIPTS = "[0-9]*.json"  # shards that are done: the next run goes on with them, so they are not half written
COPIED = ("data", "files", "mlflow.db", "mlartifacts", "runs")


@dataclass(frozen=True)
class Outcome:
    """What a command did when it was short of something, and afterwards.

    Args:
        code: Its exit code.
        sentences: Its errors.
        half_written: What it left half written.
        code_afterwards: The exit code of the same command once there was enough.
        errors_afterwards: And its last words, where it failed.
    """

    code: int
    sentences: list[str]
    half_written: list[str]
    code_afterwards: int
    errors_afterwards: str = ""

    def verify(self, what: str) -> None:
        """Check that it failed with a sentence at most, left nothing, and works afterwards."""
        check(self.code in (0, 1), f"exit code 1 of {what} (received {self.code}: {self.sentences[-1:]})")
        if self.code:
            check(len(self.sentences) == 1, f"one sentence of {what} (received {self.sentences})")
            sentence = self.sentences[0]
            check("expected" in sentence and "a fault of ours" not in sentence, f"a sentence ({sentence})")
        check(not self.half_written, f"nothing half written by {what} (received {self.half_written})")
        check(self.code_afterwards == 0, f"{what} to work afterwards (received {self.errors_afterwards})")


def can_mount() -> bool:
    """Say whether small file systems can be mounted here."""
    if not shutil.which("unshare"):
        return False
    return not subprocess.run([*ALONE, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode


def without_space(folder: Path, free_kib: int, *command: str) -> Outcome:
    """Run a command in a copy of a folder on a file system with so much space beside it, then with enough."""
    done = subprocess.run(
        [*ALONE, sys.executable, "-m", "tests.rigs.short", str(folder), str(free_kib), *command],
        env=environment(folder), capture_output=True, text=True,
    )  # fmt: skip
    check(done.returncode == 0, f"a command on a small file system ({done.stderr[-2000:]})")
    return Outcome(**json.loads(done.stdout.splitlines()[-1]))


def without_memory(folder: Path, limit_mib: int, *command: str) -> Outcome:
    """Run a command with so much address space, then without a limit."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (limit_mib * 2**20,) * 2)

    done = subprocess.run(
        command_line(*command), cwd=folder, env=environment(folder), preexec_fn=limit, capture_output=True,
        text=True, timeout=600,
    )  # fmt: skip
    return _outcome(folder, done, command)


def short_of(folder: Path, kib: Sequence[int], mib: Sequence[int], *command: str) -> list[int]:
    """Run a command with several small amounts of space and of memory, check each, and return the exit codes."""
    codes = []
    for what, amounts, attempt in (("KiB", kib, without_space), ("MiB", mib, without_memory)):
        for amount in amounts:
            outcome = attempt(folder, amount, *command)
            outcome.verify(f"{command[0]} with {amount} {what}")
            codes.append(outcome.code)
            if attempt is without_memory and "--out" in command:  # it wrote into the folder itself
                out = folder / command[command.index("--out") + 1]
                shutil.rmtree(out) if out.is_dir() else out.unlink(missing_ok=True)
    return codes


def _outcome(folder: Path, done: "subprocess.CompletedProcess[str]", command: Sequence[str]) -> Outcome:
    half = [name for name in leftovers(folder) if not any((folder / name).glob(RECEIPTS))]
    again = run(folder, *command)
    half += [] if again.returncode else leftovers(folder)
    sentences = [line for line in done.stderr.splitlines() if line.startswith(("Error:", "Traceback"))]
    return Outcome(done.returncode, sentences, half, again.returncode, again.stderr[-1000:] if again.returncode else "")


def _on_small_disk(source: Path, free_kib: int, command: list[str]) -> Outcome:
    place = source / "small"
    place.mkdir(exist_ok=True)
    _mount(place, f"size={LARGE_KIB}k")
    for name in COPIED:
        if (source / name).is_dir():
            shutil.copytree(source / name, place / name)
        elif (source / name).is_file():
            shutil.copy(source / name, place / name)
    environment(place)  # makes the folder of temporary files
    used = LARGE_KIB - shutil.disk_usage(place).free // 1024
    _mount(place, f"remount,size={used + free_kib}k")
    done = run(place, *command)
    _mount(place, f"remount,size={LARGE_KIB}k")
    return _outcome(place, done, command)


def _mount(place: Path, options: str) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(place)], check=True)


if __name__ == "__main__":
    print(json.dumps(asdict(_on_small_disk(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))), flush=True)
    os._exit(0)
