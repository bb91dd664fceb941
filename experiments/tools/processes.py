"""Commands and servers in processes of their own: for the benchmarks, the screenshots and the tests that kill them."""

import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parent.parent.parent
STDOUT, STDERR, TEMPORARY = "stdout.log", "stderr.log", "tmp"
POLL_S = 0.01
STARTS_S = 180.0
STOPS_S = 20.0
PR_SET_PDEATHSIG = 1
# Asks Linux to kill a process when the thread that started it is gone; other systems have nothing of the kind.
END_WITH_PARENT = (
    partial(ctypes.CDLL(None).prctl, PR_SET_PDEATHSIG, signal.SIGKILL) if sys.platform == "linux" else None
)
Process = subprocess.Popen[bytes]


class CommandFailed(RuntimeError):
    """A command or server that was expected to work and did not."""


def environment(folder: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the variables of a command that keeps MLflow's database and its temporary files in a folder."""
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    inherited = {key: value for key, value in os.environ.items() if key != "MLFLOW_RUN_ID"}
    if "TMPDIR" not in (more or {}):
        (folder / TEMPORARY).mkdir(exist_ok=True)
    own = {"MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db", "TMPDIR": str(folder / TEMPORARY)}
    return {**inherited, "PYTHONPATH": paths, **own, **(more or {})}


def command_line(*words: str) -> list[str]:
    """Return the whole command line of a captchalab command."""
    return [sys.executable, "-m", "experiments.cli", *words]


def start(
    folder: Path, *words: str, more: Mapping[str, str] | None = None, command: Sequence[str] | None = None
) -> Process:
    """Start a captchalab command (or another ``command``) in a folder and in a session of its own.

    Its output goes to :data:`STDOUT` and :data:`STDERR` in the folder.
    """
    with (folder / STDOUT).open("wb") as output, (folder / STDERR).open("wb") as errors:
        return subprocess.Popen(  # noqa: S603  our own command
            command or command_line(*words), cwd=folder, env=environment(folder, more), stdin=subprocess.DEVNULL,
            stdout=output, stderr=errors, start_new_session=True,
        )  # fmt: skip


def run(folder: Path, *words: str, more: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end, whatever that is."""
    return subprocess.run(  # noqa: S603  our own command
        command_line(*words), cwd=folder, env=environment(folder, more), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def works(folder: Path, *words: str, more: Mapping[str, str] | None = None) -> str:
    """Run a command that must work and return what it prints.

    Raises:
        CommandFailed: If it does not.
    """
    done = run(folder, *words, more=more)
    if done.returncode:
        raise CommandFailed(f"expected captchalab {' '.join(words)} to work, received: {done.stderr[-2000:]}")
    return done.stdout


def works_json(folder: Path, *words: str, more: Mapping[str, str] | None = None) -> Any:
    """Run a command that must work with ``--format json`` and return its answer."""
    return json.loads(works(folder, *words, "--format", "json", more=more))


def set_words(*pairs: str) -> list[str]:
    """Return KEY=VALUE pairs as the words that a command wants."""
    return [word for pair in pairs for word in ("--set", pair)]


def stderr_of(folder: Path) -> str:
    """Return what the command that was started last has written to stderr so far."""
    return (folder / STDERR).read_text(errors="replace", encoding="utf-8")


def wait_for(process: Process, condition: Callable[[], bool], poll_s: float = POLL_S) -> bool:
    """Wait until something is true or the process has ended; return whether it still runs."""
    while process.poll() is None and not condition():
        time.sleep(poll_s)
    return process.poll() is None


def kill(process: Process, whole_session: bool = True) -> bool:
    """Kill a process, or it and its workers at once; return whether it was still running."""
    alive = process.poll() is None
    if alive and whole_session:
        os.killpg(process.pid, signal.SIGKILL)
    elif alive:
        process.kill()
    process.wait()
    return alive


def stop(process: Process) -> None:
    """Ask a process to end, and kill what is left of its session."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOPS_S)
    with contextlib.suppress(ProcessLookupError, PermissionError):  # nobody of the session is left
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.create_server((host, 0)) as server:
        return int(server.getsockname()[1])


def answers(url: str, timeout_s: float = 2.0) -> bool:
    """Return whether a server answers 200; of an address ``tcp://HOST:PORT`` whether anybody listens."""
    try:
        if url.startswith("tcp://"):
            host, _, port = url.removeprefix("tcp://").rpartition(":")
            socket.create_connection((host, int(port)), timeout_s).close()
            return True
        with urllib.request.urlopen(url, timeout=timeout_s) as answer:  # noqa: S310  our own servers
            return bool(answer.status == 200)
    except OSError:
        return False


def await_server(process: Process, url: str, log: Path | None = None, within_s: float = STARTS_S) -> float:
    """Wait until a server answers, and return the seconds that took.

    Raises:
        CommandFailed: If it ends or is not there in time; the message holds the end of its log.
    """
    began = time.monotonic()
    while not answers(url):
        if process.poll() is not None or time.monotonic() - began > within_s:
            end = log.read_text(errors="replace", encoding="utf-8")[-1000:] if log else "none"
            raise CommandFailed(f"expected a server at {url}, received: {end}")
        time.sleep(2 * POLL_S)
    return time.monotonic() - began


@contextlib.contextmanager
def serving(
    command: Sequence[str],
    url: str,
    folder: Path,
    more: Mapping[str, str] | None = None,
    limits: Callable[[], object] | None = None,
) -> Iterator[tuple[Process, float]]:
    """Run a server from a folder; yield its process and the seconds until it answered at ``url``.

    Args:
        url: Answers once the server is ready.
        folder: Its working folder, which gets ``server.log``.
        limits: Called in the new process before the command.
    """
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  our own servers
            command, cwd=folder, env=environment(folder, more), stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=limits or END_WITH_PARENT,
        )  # fmt: skip
    try:
        yield process, await_server(process, url, log)
    finally:
        stop(process)


def memory_mib(pid: int) -> float:
    """Return the memory of a process and all below it; shared pages count once where the system can tell."""
    total = 0
    with contextlib.suppress(psutil.Error):  # one may end while it is looked at
        own = psutil.Process(pid)
        for member in (own, *own.children(recursive=True)):
            info = member.memory_full_info()
            total += getattr(info, "pss", info.rss)
    return total / 2**20
