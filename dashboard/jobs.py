"""One training in the background, started from a page: it outlives the page, and anybody can look at it or stop it."""

import contextlib
import json
import os
import platform
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from captcha_core.errors import CaptchaError
from captcha_core.files import write_json
from captcha_core.tracking.names import Tag
from captcha_core.tracking.provenance import born, is_alive
from dashboard.process import usual_timeouts

FOLDER = Path(".captchalab")
RECORD, LOG = "job.json", "job.log"
PROGRAM = ("-m", "experiments.cli")
TAIL_BYTES = 20_000
VERBS = {
    "pipeline": "Training", "train": "Training", "tune": "Searching for", "generate": "Drawing", "import": "Importing",
    "export": "Converting", "audit": "Auditing", "assess": "Assessing",
}  # fmt: skip
_starting = threading.Lock()
_writing = threading.Lock()  # the record: whoever stops a job and whoever sees it end may come at once


@dataclass(frozen=True)
class Job:
    """A command that runs or ran in the background.

    Args:
        pid: Its process.
        born: When the process began: distinguishes it from a later one with the same number.
        arguments: What captchalab was given.
        started_ms: When it was started.
        code: Its exit code, None while it runs or when nobody saw it end.
        stopped: Whether somebody asked it to stop.
    """

    pid: int
    born: str
    arguments: tuple[str, ...]
    started_ms: int
    code: int | None = None
    stopped: bool = False

    @property
    def running(self) -> bool:
        """Whether its process goes on."""
        return self.code is None and is_alive(self.pid, self.born)

    @property
    def command(self) -> str:
        """The command line, as a user would type it."""
        return " ".join(("captchalab", *self.arguments))

    @property
    def title(self) -> str:
        """What it does, in words: ``Training digits4``."""
        verb = VERBS.get(self.arguments[0] if self.arguments else "", "")
        named = ("--preset", "--data", "--scheme", "--model", "--out")
        first = self.arguments[1] if len(self.arguments) > 1 and not self.arguments[1].startswith("-") else ""
        over = first or next(
            (self.arguments[self.arguments.index(one) + 1] for one in named if one in self.arguments[:-1]), ""
        )
        return f"{verb} {over}".strip() if verb else self.command


def start(arguments: Sequence[str]) -> Job:
    """Start ``captchalab ARGUMENTS`` in this folder.

    Raises:
        CaptchaError: If one is running already, or it cannot be started.
    """
    with _starting:
        before = current()
        if before and before.running:
            raise CaptchaError(f"Something is running already: {before.title}. Stop it first, or wait for its end.")
        FOLDER.mkdir(exist_ok=True)
        command = [sys.executable, *PROGRAM, *arguments]
        environment = {key: value for key, value in usual_timeouts(os.environ).items() if key != "MLFLOW_RUN_ID"}
        try:
            with (FOLDER / LOG).open("wb") as log:
                process = subprocess.Popen(  # noqa: S603  our own command line
                    command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=environment,
                    start_new_session=True,
                )  # fmt: skip
        except OSError as error:
            raise CaptchaError(f"This could not be started: {error}.") from None
        job = Job(process.pid, born(process.pid), tuple(arguments), int(1000 * time.time()))
        with _writing:
            _write(job)
        threading.Thread(target=_await, args=(process, job), daemon=True).start()
        return job


def stop() -> None:
    """Ask the running job to stop; it ends its run in MLflow as stopped."""
    with _writing:
        job = current()
        if job is None or not job.running:
            return
        _write(replace(job, stopped=True))
    with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
        os.kill(job.pid, signal.SIGTERM)


def stop_run(tags: Mapping[str, str]) -> bool:
    """Ask the process that a run belongs to to stop; False where it is not one of this machine, or gone."""
    pid = tags.get(Tag.PID, "")
    mine = tags.get(Tag.HOST) == platform.node() and pid.isdigit()
    if not mine or not is_alive(int(pid), tags.get(Tag.BORN, "")):
        return False
    job = current()
    if job and job.pid == int(pid):
        stop()
        return True
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(int(pid), signal.SIGTERM)
    return True


def current() -> Job | None:
    """Return the job that runs or ran last in this folder."""
    try:
        found = json.loads((FOLDER / RECORD).read_text(encoding="utf-8"))
        return Job(**{**found, "arguments": tuple(found["arguments"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def forget() -> None:
    """Forget a job that has ended."""
    with _writing:
        job = current()
        if job is None or job.running:
            return
        (FOLDER / RECORD).unlink(missing_ok=True)


def took_s(job: Job) -> float:
    """Return how long a job that has ended took: from its start to the last that it wrote."""
    try:
        return (FOLDER / LOG).stat().st_mtime - job.started_ms / 1000
    except OSError:
        return 0.0


def last_lines(count: int = 8) -> list[str]:
    """Return the last lines that the job wrote, without the native libraries' greetings."""
    try:
        with (FOLDER / LOG).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return []
    lines = [line.rstrip().split("\r")[-1] for line in text.splitlines()]
    return [line for line in lines if line.strip() and not line.startswith(("I0000", "W0000", "WARNING: All log"))][
        -count:
    ]


def _await(process: "subprocess.Popen[bytes]", job: Job) -> None:
    code = process.wait()
    with _writing:
        now = current()
        if now and (now.pid, now.born) == (job.pid, job.born):
            _write(replace(now, code=code))


def _write(job: Job) -> None:
    write_json(FOLDER / RECORD, asdict(job))
