"""What is to be logged, kept on disk until MLflow has it.

A training adds lines to a SQLite file and goes on; a thread sends them in their order. A tracking server that is away,
slow or broken therefore stops nothing, and a process that is killed leaves lines that the next one sends. A line may be
sent twice when a kill comes between sending and noting so; every kind of line is of no effect the second time.
"""

import contextlib
import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from captcha_core.tracking.connect import disconnect
from captcha_core.tracking.names import Tag

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 5.0
PATIENCE_S = 300.0  # how long the end of a run waits for a server that is away
BUSY_S = 30.0  # how long one process waits for another that writes into the same file
LOOK_S = 1.0  # whoever looks whether an outbox is in use holds its lock for a moment
FOR_GOOD = ("INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST", "RESOURCE_ALREADY_EXISTS")
DOUBTFUL = "BAD_REQUEST"  # what MLflow says of a connection to its database that was lost, and of much else
DOUBTFUL_TRIES = 30  # in some two minutes
UNSENT = "SELECT number, key, call, content FROM lines WHERE sent = 0 ORDER BY number LIMIT 100"
TABLES = """
CREATE TABLE IF NOT EXISTS lines (
    number INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, call TEXT NOT NULL, content TEXT NOT NULL,
    sent INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS unsent ON lines (number) WHERE sent = 0;
CREATE TABLE IF NOT EXISTS runs (key TEXT PRIMARY KEY, run_id TEXT NOT NULL);
"""


class Outbox:
    """A file of lines to be logged, and the thread that sends them.

    Args:
        path: The file. A lock beside it is held by the process that sends, as long as it has the outbox open
            (:func:`is_in_use`); another one that has it open only adds lines, and sends when the first has gone.
        begin: Makes or finds the run of (key, name, tags) and returns its id.
        run: Opens a run by its id; lines are its calls.

    Raises:
        OSError: If the file cannot be used.
    """

    def __init__(
        self, path: Path, begin: Callable[[str, str, Mapping[str, str]], str], run: Callable[[str], Any]
    ) -> None:
        self.path, self._begin_run, self._open_run = path, begin, run
        self.trouble = ""  # the last reason for which something could not be sent
        self.refused: list[str] = []  # what MLflow will never take
        self._news, self._closing = threading.Event(), threading.Event()
        self._runs: dict[str, str] = {}  # MLflow's ids by key
        self._begun: dict[str, str] = {}  # those that this process began, one of them in place of a run that is gone
        self._tries = 0  # of the line that is to be sent next
        path.parent.mkdir(parents=True, exist_ok=True)
        with _opened(path) as database:
            database.executescript(TABLES)
        self._lock = FileLock(_lock_of(path), thread_local=False)
        self._take(LOOK_S)
        self._sender = threading.Thread(target=self._send_all, daemon=True, name=f"outbox {path.name}")
        self._sender.start()

    def begin(self, key: str, name: str, tags: Mapping[str, str]) -> "LaterRun":
        """Begin the run of a key, or go on with the one whose ``captchalab.key`` tag is this key."""
        self.post(key, "begin", name=name, tags=dict(tags))
        return LaterRun(self, key)

    def known(self, key: str, run_id: str) -> "LaterRun":
        """Log into a run that is there already."""
        with _opened(self.path) as database:
            database.execute("INSERT OR REPLACE INTO runs VALUES (?, ?)", (key, run_id))
        return LaterRun(self, key)

    def post(self, key: str, call: str, **content: Any) -> None:
        """Add a line; when this returns, a power failure does not take it back.

        Raises:
            OSError: If it cannot be written.
        """
        line = (key, call, json.dumps(content, default=str))
        with _opened(self.path) as database:
            database.execute("INSERT INTO lines (key, call, content) VALUES (?, ?, ?)", line)
        self._news.set()

    def flush(self, patience_s: float = PATIENCE_S) -> bool:
        """Wait until everything is sent, and return whether it was."""
        until = time.monotonic() + patience_s
        while (left := waiting(self.path)) and time.monotonic() < until and self._sender.is_alive():
            self._news.set()
            time.sleep(0.02)
        return not left

    def close(self, patience_s: float = PATIENCE_S) -> bool:
        """Send what is left, end the thread, and return whether everything was sent."""
        done = self.flush(patience_s)
        self._closing.set()
        self._news.set()
        self._sender.join(timeout=1.0)
        return done

    def _take(self, timeout_s: float) -> bool:
        """Try to become the one that sends."""
        with contextlib.suppress(Timeout):
            self._lock.acquire(timeout=timeout_s)
        return self._lock.is_locked

    def _send_all(self) -> None:
        wait_s = FIRST_WAIT_S
        while not self._closing.is_set():
            self._news.wait(timeout=1.0)
            self._news.clear()
            try:
                if self._lock.is_locked or self._take(0.1):
                    self._send_waiting()
                wait_s, self.trouble = FIRST_WAIT_S, ""
            except Exception as error:  # whatever it is, the lines are safe: say so and try again
                self.trouble = f"{type(error).__name__}: {error}"
                disconnect()  # the next attempt asks first whether the server answers; MLflow would try for minutes
                self._closing.wait(wait_s)
                wait_s = min(2 * wait_s, LONGEST_WAIT_S)
                self._news.set()
        self._lock.release()

    def _send_waiting(self) -> None:
        while lines := _rows(self.path, UNSENT):
            self._runs = dict(_rows(self.path, "SELECT key, run_id FROM runs"))
            sent = 0
            try:
                for number, key, call, content in lines:
                    if self._closing.is_set():
                        return
                    self._send(key, call, json.loads(content))
                    sent, self._tries = number, 0
            finally:
                self._note_sent(sent)

    def _send(self, key: str, call: str, content: dict[str, Any]) -> None:
        from mlflow.exceptions import MlflowException

        try:
            if call == "begin":
                self._runs[key] = self._begun[key] = self._begin_run(key, content["name"], content["tags"])
            elif key in self._runs:
                getattr(self._open_run(self._runs[key]), call)(**content)
            else:
                self.refused.append(f"{call} of {key}: its run could not be begun")
        except MlflowException as error:
            self._tries += error.error_code == DOUBTFUL
            given_up = error.error_code == DOUBTFUL and self._tries >= DOUBTFUL_TRIES
            if error.error_code not in FOR_GOOD and not given_up:
                raise
            self.refused.append(f"{call} of {key}: {error}")

    def _note_sent(self, number: int) -> None:
        """Note once for several lines how far they are sent: each note waits for the disk."""
        with _opened(self.path) as database:
            database.execute("UPDATE lines SET sent = 1 WHERE sent = 0 AND number <= ?", (number,))
            database.executemany("INSERT OR REPLACE INTO runs VALUES (?, ?)", self._begun.items())


class LaterRun:
    """A run as :class:`captcha_core.tracking.runs.Run` has it, logged to when MLflow is there."""

    def __init__(self, outbox: Outbox, key: str) -> None:
        self.outbox, self.key = outbox, key

    def params(self, values: Mapping[str, Any]) -> None:
        """Log parameters."""
        self.outbox.post(self.key, "params", values=dict(values))

    def metrics(self, values: Mapping[str, float], step: int = 0, at_ms: int | None = None) -> None:
        """Log metrics, with the time at which they were true."""
        numbers = {key: float(value) for key, value in values.items()}
        self.outbox.post(self.key, "metrics", values=numbers, step=step, at_ms=_now_ms() if at_ms is None else at_ms)

    def tags(self, values: Mapping[str, Any]) -> None:
        """Set tags."""
        self.outbox.post(self.key, "tags", values={key: str(value) for key, value in values.items()})

    def note(self, text: str) -> None:
        """Describe the run."""
        self.outbox.post(self.key, "note", text=text)

    def data(self, name: str, digest: str, source: str, counts: Mapping[str, int], context: str) -> None:
        """Log which data was used."""
        self.outbox.post(
            self.key, "data", name=name, digest=digest, source=source, counts=dict(counts), context=context
        )

    def end(self, state: str, reason: str = "", at_ms: int | None = None) -> None:
        """Give the run its last state."""
        self.outbox.post(self.key, "end", state=state, reason=reason, at_ms=_now_ms() if at_ms is None else at_ms)


def waiting(path: Path) -> int:
    """Return how many lines of a file are not sent."""
    return int(_rows(path, "SELECT count(*) FROM lines WHERE sent = 0", ((0,),))[0][0])


def steps_posted(paths: Iterable[Path], key: str) -> set[int]:
    """Return the steps of the epochs that files hold for a key, sent or not."""
    query = "SELECT content FROM lines WHERE key = ? AND call = 'metrics'"
    found = [json.loads(content) for path in paths for (content,) in _rows(path, query, (), key)]
    return {int(one["step"]) for one in found if "loss" in one["values"]}


def run_ids(path: Path) -> set[str]:
    """Return MLflow's ids of the runs that a file is known to be about, and of the parents of those it begins."""
    begun = [json.loads(content) for (content,) in _rows(path, "SELECT content FROM lines WHERE call = 'begin'")]
    parents = {one["tags"][Tag.PARENT] for one in begun if Tag.PARENT in one["tags"]}
    return parents | {run_id for (run_id,) in _rows(path, "SELECT run_id FROM runs")}


def is_in_use(path: Path) -> bool:
    """Say whether a process has an outbox open in this file."""
    try:
        with FileLock(_lock_of(path), timeout=0):
            return False
    except Timeout:
        return True


def _lock_of(path: Path) -> str:
    return f"{path}.lock"


def _rows(path: Path, query: str, missing: tuple[Any, ...] = (), *values: str) -> Any:
    """Return what a query finds in a file, ``missing`` where there is no file."""
    if not path.is_file():
        return missing
    with _opened(path) as database:
        database.executescript(TABLES)  # a kill may have come before they were made
        return database.execute(query, values).fetchall()


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the file for one transaction that survives a power failure.

    Raises:
        OSError: If it cannot be used: the disk is full, or it is no outbox.
    """
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=BUSY_S)) as database:
            database.execute("PRAGMA synchronous = EXTRA")  # with the folder, in which the journal's end is a commit
            with database:
                yield database
    except sqlite3.Error as error:
        raise OSError(f"{path} cannot be used as an outbox: {error}") from error


def _now_ms() -> int:
    return int(time.time() * 1000)
