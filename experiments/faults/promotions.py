"""``captchalab promote``, killed and repeated, while somebody watches the alias."""

import random
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from experiments.faults.commands import said, start, works, works_json
from experiments.faults.kills import Victim, check, check_clean, kill_again
from experiments.faults.trainings import running

CHAMPIONS = "SELECT version FROM registered_model_aliases WHERE name = ? AND alias = 'champion'"
ENTRIES = """SELECT count(*) FROM runs JOIN experiments USING (experiment_id)
             WHERE experiments.name = 'captchalab-promotions'"""


@dataclass
class Watch:
    """What was seen of an alias: how often it was looked at, and how often there was not exactly one champion."""

    looks: int = 0
    wrong: int = 0
    seen: set[int] = field(default_factory=set)


@contextmanager
def watched(database: Path, name: str) -> Iterator[Watch]:
    """Look at a model's champion as often as possible."""
    watch, stop = Watch(), threading.Event()

    def look() -> None:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
            while not stop.is_set():
                rows = connection.execute(CHAMPIONS, (name,)).fetchall()
                watch.looks += 1
                watch.wrong += len(rows) != 1
                watch.seen |= {row[0] for row in rows}
                time.sleep(0.002)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        stop.set()
        thread.join()


class Promotions:
    """Promotions in a folder, one after another; each is repeated until it gets through."""

    def __init__(self, folder: Path, name: str, versions: list[str]) -> None:
        self.folder, self.name, self.versions = folder, name, versions
        self.done: list[tuple[str, str]] = []
        self.entries = 0

    @property
    def wanted(self) -> tuple[str, str]:
        """The version to promote next, and the reason, which names it in the history."""
        number = len(self.done)
        return self.versions[number % len(self.versions)], f"promotion {number}"

    def words(self) -> list[str]:
        version, reason = self.wanted
        return ["promote", "--name", self.name, "--version", version, "--force", "--reason", reason]

    def start(self) -> Any:
        self.entries = self._count()
        return start(self.folder, *self.words())

    def writing(self) -> bool:
        """Whether the one that was started has begun to write."""
        return self._count() > self.entries

    def finished(self, process: Any) -> None:
        """Take it as done where it says so, or says that it was done: a kill may come after the last thing it does."""
        already = "not champion yet" in said(self.folder)
        check(process.returncode == (1 if already else 0), f"a promotion that works ({said(self.folder)[-500:]})")
        self.done.append(self.wanted)

    def _count(self) -> int:
        with closing(sqlite3.connect(self.folder / "mlflow.db", timeout=30)) as connection:
            return int(connection.execute(ENTRIES).fetchone()[0])


def killed_promotion(folder: Path, name: str, versions: list[str], kills: int, seed: int = 0) -> dict[str, Any]:
    """Promote versions in turn, and kill that: half of the kills come at any moment, half after it began to write.

    Raises:
        Broken: If a promotion is lost or doubled in the history, or there was a moment without exactly one champion.
    """
    mine, rng = Promotions(folder, name, versions), random.Random(seed)
    seconds = 0.0
    for _ in versions:
        began = time.perf_counter()
        works(folder, *mine.words())
        seconds = time.perf_counter() - began
        mine.done.append(mine.wanted)
    with watched(folder / "mlflow.db", name) as watch:
        anywhere = Victim(mine.start, (0.3 * seconds, seconds), finished=mine.finished)
        writing = Victim(mine.start, (0.0, 0.15 * seconds), mine.writing, finished=mine.finished)
        counts = [
            kill_again(victim, share, rng)
            for victim, share in ((anywhere, kills - kills // 2), (writing, kills // 2))
            if share
        ]
        last = mine.start()
        last.wait()
        mine.finished(last)
        check_clean(folder)
    history = works_json(folder, "history", "--name", name)
    found = [(entry["to_version"], entry["reason"]) for entry in history["entries"]]
    check(history["moved_outside"] is None, "a champion that the history knows")
    check(found == mine.done, f"every promotion once and in order (received {found} for {mine.done})")
    check(watch.wrong == 0 and watch.looks > 0, f"one champion at every moment ({watch.wrong} of {watch.looks} wrong)")
    check(running(folder) == 0, "no run that is open without a process")
    return {
        "kills": sum(count.kills for count in counts),
        "promotions": len(mine.done),
        "lost_or_doubled": 0,
        "looks_at_the_champion": watch.looks,
        "looks_without_exactly_one": watch.wrong,
    }
