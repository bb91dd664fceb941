"""All runs of a tracking server as they were read last, so that a page asks only for what may have changed."""

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from captcha_core.registry import promotion
from captcha_core.tracking.connect import client
from dashboard import process
from dashboard.tracking.records import RunRecord

PAGE, MOST_RUNS = 250, 5000  # pages of 1,000 took 50 MB more and no less time
ALL_ANEW_S = 60.0  # until then only runs that are new, run, or ended lately are read again
LATELY_MS = 600_000  # clocks of other machines may differ by so much


@dataclass
class RunCache:
    """All runs as they were read last: a finished one hardly ever changes, and reading a thousand takes seconds."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    records: dict[str, RunRecord] | None = None
    whole_s: float = float("-inf")
    read_ms: float = 0.0
    anew: threading.Thread | None = None

    def read(self, api: Any) -> list[RunRecord]:
        """Return the runs, newest first, after reading what may have changed. Hold the lock."""
        began_ms = 1000 * time.time()
        if self.records is None:
            self.records, self.whole_s = _everything(api), time.monotonic()
        else:
            since = int(self.read_ms) - LATELY_MS
            for changed in ("status = 'RUNNING'", f"attributes.start_time > {since}", f"attributes.end_time > {since}"):
                self.records |= {one.info.run_id: run_record(one) for one in search_runs(api, changed)}
            self._refresh_if_old()
        self.read_ms = began_ms
        return sorted(self.records.values(), key=lambda run: -run.start_ms)[:MOST_RUNS]

    def _refresh_if_old(self) -> None:
        """Read everything in the background: only so a deleted run, or a change from elsewhere, is noticed."""
        waiting = self.anew is not None and self.anew.is_alive()
        if time.monotonic() - self.whole_s > ALL_ANEW_S and not waiting:
            self.anew = threading.Thread(target=self._read_all, daemon=True)
            self.anew.start()

    def _read_all(self) -> None:
        with contextlib.suppress(Exception):  # the next page that is opened reports it
            records = _everything(client())
            with self.lock:
                self.records, self.whole_s = records, time.monotonic()


def _everything(api: Any) -> dict[str, RunRecord]:
    records = {one.info.run_id: run_record(one) for one in search_runs(api, "")}
    process.give_back()
    return records


CACHES: dict[str, RunCache] = {}  # by tracking address; what everybody may see


def cache_of(uri: str) -> RunCache:
    """Return the runs of a tracking server, of which all visitors share one cache."""
    return CACHES.setdefault(uri, RunCache())


def search_runs(api: Any, filter_string: str) -> Iterator[Any]:
    """Yield the runs that a filter lets through: of all experiments but that of promotions, or of the chosen one."""
    chosen = os.environ.get("MLFLOW_EXPERIMENT_NAME")
    experiments = [
        one.experiment_id
        for one in api.search_experiments()
        if (one.name == chosen if chosen else one.name != promotion.EXPERIMENT)
    ]
    token, found = None, 0
    while experiments and found < MOST_RUNS:
        page = api.search_runs(
            experiments, filter_string, max_results=PAGE, order_by=["attributes.start_time DESC"], page_token=token
        )
        yield from page
        token, found = page.token, found + len(page)
        if not token:
            return


def run_record(found: Any) -> RunRecord:
    """Return a run of MLflow's as the pages see it."""
    return RunRecord(
        id=found.info.run_id,
        name=found.info.run_name or found.info.run_id[:8],
        state=found.info.status,
        start_ms=found.info.start_time or 0,
        end_ms=found.info.end_time,
        params=dict(found.data.params),
        metrics={key: value for key, value in found.data.metrics.items() if not key.startswith("system/")},
        tags=dict(found.data.tags),
    )
