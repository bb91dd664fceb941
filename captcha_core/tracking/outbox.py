"""What is to be logged, kept on disk until MLflow has it.

A training appends lines to a file and goes on; a thread sends them in their order. A tracking server that is away, slow
or broken therefore stops nothing, and a process that is killed leaves lines that the next one sends. A line may be sent
twice when a kill comes between sending and noting so; every kind of line is of no effect the second time.
"""

import contextlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from captcha_core.tracking.names import Tag

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 5.0
PATIENCE_S = 300.0  # how long the end of a run waits for a server that is away
LOOK_S = 1.0  # whoever looks whether an outbox is in use holds its lock for a moment
FOR_GOOD = ("INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST", "RESOURCE_ALREADY_EXISTS")
DOUBTFUL = "BAD_REQUEST"  # what MLflow says of a connection to its database that was lost, and of much else
DOUBTFUL_TRIES = 30  # in some two minutes


class Outbox:
    """A file of lines to be logged, and the thread that sends them.

    Args:
        path: The file; ``.sent`` beside it says how far it was sent, ``.runs`` which runs it began. A lock beside it is
            held as long as the process has it open (:func:`is_in_use`).
        begin: Makes or finds the run of (key, name, tags) and returns its id.
        run: Opens a run by its id; lines are its calls.
    """

    def __init__(
        self, path: Path, begin: Callable[[str, str, Mapping[str, str]], str], run: Callable[[str], Any]
    ) -> None:
        self.path, self._begin_run, self._open_run = path, begin, run
        path.parent.mkdir(parents=True, exist_ok=True)
        self._mark, self._runs_path = path.with_suffix(".sent"), path.with_suffix(".runs")
        self._runs: dict[str, str] = json.loads(_text(self._runs_path) or "{}")
        self._lock, self._news = threading.Lock(), threading.Event()
        self._closing = False
        self._tries = 0  # of the line that is to be sent next
        self.trouble = ""  # the last reason for which something could not be sent
        self.refused: list[str] = []  # what MLflow will never take
        self._sender = threading.Thread(target=self._send_all, daemon=True, name=f"outbox {path.name}")
        self._open = FileLock(_open_lock(path))
        with contextlib.suppress(Timeout):  # whoever sends what another left does not own it
            self._open.acquire(timeout=LOOK_S)
        with FileLock(f"{path}.lock"):
            if self._open.is_locked:  # else its owner may be writing that line just now
                _cut_torn_line(path)
        self._sender.start()

    def begin(self, key: str, name: str, tags: Mapping[str, str]) -> "LaterRun":
        """Begin the run of a key, or go on with the one whose ``captchalab.key`` tag is this key."""
        self.post(key, "begin", {"name": name, "tags": dict(tags)})
        return LaterRun(self, key)

    def known(self, key: str, run_id: str) -> "LaterRun":
        """Log into a run that is there already."""
        self._remember(key, run_id)
        return LaterRun(self, key)

    def post(self, key: str, call: str, content: Mapping[str, Any], at_ms: int | None = None) -> None:
        """Append a line, with the time at which it was true.

        Raises:
            OSError: If it cannot be written.
        """
        at_ms = int(time.time() * 1000) if at_ms is None else at_ms
        line = json.dumps({"run": key, "call": call, "at_ms": at_ms, "with": content}) + "\n"
        with self._lock:
            before = self.path.stat().st_size if self.path.is_file() else 0
            try:
                with self.path.open("a", encoding="utf-8") as file:
                    file.write(line)
            except OSError:
                with contextlib.suppress(OSError):  # half a line would spoil the next one
                    os.truncate(self.path, before)
                raise
        self._news.set()

    def flush(self, patience_s: float = PATIENCE_S) -> bool:
        """Wait until everything is sent, and return whether it was."""
        until = time.monotonic() + patience_s
        while self.waiting and time.monotonic() < until and self._sender.is_alive():
            self._news.set()
            time.sleep(0.02)
        return not self.waiting

    def close(self, patience_s: float = PATIENCE_S) -> bool:
        """Send what is left, end the thread, and return whether everything was sent."""
        done = self.flush(patience_s)
        self._closing = True
        self._news.set()
        self._sender.join(timeout=1.0)
        self._open.release()
        return done

    @property
    def waiting(self) -> int:
        """Bytes that are not sent."""
        return waiting_bytes(self.path)

    def _send_all(self) -> None:
        wait_s = FIRST_WAIT_S
        while not self._closing:
            self._news.wait(timeout=1.0)
            self._news.clear()
            try:
                with FileLock(f"{self.path}.lock", timeout=0.1):
                    self._send_lines()
                wait_s, self.trouble = FIRST_WAIT_S, ""
            except Exception as error:  # whatever it is, the lines are safe: say so and try again
                self.trouble = f"{type(error).__name__}: {error}"
                time.sleep(wait_s)
                wait_s = min(2 * wait_s, LONGEST_WAIT_S)
                self._news.set()

    def _send_lines(self) -> None:
        at = int(_text(self._mark) or 0)
        if not self.path.is_file() or self.path.stat().st_size <= at:
            return
        self._runs |= json.loads(_text(self._runs_path) or "{}")  # another process may have begun some
        with self.path.open("rb") as file:
            file.seek(at)
            for line in file:
                if not line.endswith(b"\n") or self._closing:
                    return
                if (content := _read(line)) is not None:
                    self._send(content)
                else:
                    self.refused.append(f"a damaged line at byte {at}")
                at += len(line)
                self._tries = 0
                _replace(self._mark, str(at))

    def _send(self, line: Mapping[str, Any]) -> None:
        from mlflow.exceptions import MlflowException

        key, call, content = line["run"], line["call"], line["with"]
        if call != "begin" and key not in self._runs:
            self.refused.append(f"{call} of {key}: its run could not be begun")
            return
        try:
            if call == "begin":
                self._remember(key, self._begin_run(key, content["name"], content["tags"]))
                return
            run = self._open_run(self._runs[key])
            if call == "metrics":
                run.metrics(content["values"], content["step"], line["at_ms"])
            elif call == "params":
                run.params(content)
            elif call == "tags":
                run.tags(content)
            elif call == "data":
                run.data(**content)
            elif call == "folder":
                run.folder(Path(content["path"]), content["to"])
            elif call == "end":
                run.end(content["state"], content["reason"], line["at_ms"])
        except MlflowException as error:
            self._tries += error.error_code == DOUBTFUL
            given_up = error.error_code == DOUBTFUL and self._tries >= DOUBTFUL_TRIES
            if error.error_code not in FOR_GOOD and not given_up:
                raise
            self.refused.append(f"{call} of {key}: {error}")

    def _remember(self, key: str, run_id: str) -> None:
        self._runs[key] = run_id
        _replace(self._runs_path, json.dumps(self._runs))


class LaterRun:
    """A run as :class:`captcha_core.tracking.runs.Run` has it, logged to when MLflow is there."""

    def __init__(self, outbox: Outbox, key: str) -> None:
        self.outbox, self.key = outbox, key

    def params(self, values: Mapping[str, Any]) -> None:
        self.outbox.post(self.key, "params", json.loads(json.dumps(values, default=str)))

    def metrics(self, values: Mapping[str, float], step: int = 0, at_ms: int | None = None) -> None:
        numbers = {key: float(value) for key, value in values.items()}
        self.outbox.post(self.key, "metrics", {"values": numbers, "step": step}, at_ms)

    def tags(self, values: Mapping[str, Any]) -> None:
        self.outbox.post(self.key, "tags", {key: str(value) for key, value in values.items()})

    def data(self, name: str, digest: str, source: str, counts: Mapping[str, int], context: str) -> None:
        content = {"name": name, "digest": digest, "source": source, "counts": dict(counts), "context": context}
        self.outbox.post(self.key, "data", content)

    def folder(self, path: Path, to: str) -> None:
        self.outbox.post(self.key, "folder", {"path": str(path.resolve()), "to": to})

    def end(self, state: str, reason: str = "", at_ms: int | None = None) -> None:
        self.outbox.post(self.key, "end", {"state": state, "reason": reason}, at_ms)


def steps_posted(paths: Iterable[Path], key: str) -> set[int]:
    """Return the steps of the epochs that files hold for a key, sent or not."""
    found: set[int] = set()
    for path in paths:
        for line in _text(path).splitlines(keepends=True):
            if not line.endswith("\n"):
                continue
            content = _read(line.encode())
            if content is None:
                continue
            if content["run"] == key and content["call"] == "metrics" and "loss" in content["with"]["values"]:
                found.add(int(content["with"]["step"]))
    return found


def waiting_bytes(path: Path) -> int:
    """Return how much of a file has not been sent."""
    size = path.stat().st_size if path.is_file() else 0
    return max(0, size - int(_text(path.with_suffix(".sent")) or 0))


def run_ids(path: Path) -> set[str]:
    """Return MLflow's ids of the runs that a file is known to be about, and of the parents of those it begins."""
    found = set(json.loads(_text(path.with_suffix(".runs")) or "{}").values())
    lines = [content for line in _text(path).splitlines() if (content := _read(line.encode())) is not None]
    tags = [line["with"]["tags"] for line in lines if line["call"] == "begin"]
    return found | {one[Tag.PARENT] for one in tags if Tag.PARENT in one}


def is_in_use(path: Path) -> bool:
    """Say whether a process has an outbox open in this file."""
    try:
        with FileLock(_open_lock(path), timeout=0):
            return False
    except Timeout:
        return True


def _open_lock(path: Path) -> str:
    return f"{path}.open"


def _read(line: bytes) -> Any:
    """Return what a line says, None if it is damaged."""
    try:
        content = json.loads(line)
    except ValueError:
        return None
    whole = isinstance(content, dict) and {"run", "call", "at_ms", "with"} <= content.keys()
    return content if whole else None


def _cut_torn_line(path: Path) -> None:
    """Take back a last line that a kill tore."""
    if not path.is_file():
        return
    with path.open("rb+") as file:
        content = file.read()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            file.truncate(whole)


def _replace(path: Path, text: str) -> None:
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
