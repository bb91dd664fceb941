"""Counts what a server is asked for, beside the answers: histograms go to disk, their drift to the metrics."""

import logging
import queue
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from captcha_core.errors import CaptchaError
from captcha_core.evaluation.drift import Histograms, drift, measure
from captcha_core.evaluation.live_log import LiveLog, Period
from captcha_core.serving.metrics import ServingMetrics
from captcha_core.serving.models import Served
from captcha_core.spec.answer import Answer

log = logging.getLogger("captchalab.serving")
PER_SECOND, BURST = 50.0, 500  # captchas that are measured: a busy server looks at some of them
WAITING = 64  # captchas in memory that are to be measured; more are passed over
WRITE_EVERY, WRITE_AFTER_S = 100, 10.0  # captchas or seconds between two lines on disk
WINDOW = 200  # captchas that the metrics speak of, at least


@dataclass
class _Counted:
    """What came for one version since the last line, and the last lines."""

    served: Served
    since: str
    began_s: float
    fresh: Histograms = field(default_factory=Histograms)
    recent: deque[Histograms] = field(default_factory=deque)


class LiveHistograms:
    """Counts captchas in a thread of its own, so that no answer waits for it.

    Args:
        folder: Where the histograms are kept.
        metrics: Where the drift of the last captchas is shown, for models that keep what they were made for.
    """

    def __init__(self, folder: Path, metrics: ServingMetrics) -> None:
        self._folder, self._metrics = folder, metrics
        self._queue: queue.Queue[tuple[Served, bytes, Answer] | None] = queue.Queue(WAITING)
        self._counted: dict[tuple[str, str], _Counted] = {}
        self._left, self._at_s = float(BURST), time.monotonic()
        self._complained = False
        self._thread = threading.Thread(target=self._run, name="live", daemon=True)
        self._thread.start()

    def observe(self, served: Served, media: bytes, answer: Answer) -> None:
        """Have a captcha counted, if there is time for it."""
        now_s = time.monotonic()
        self._left = min(float(BURST), self._left + (now_s - self._at_s) * PER_SECOND)
        self._at_s = now_s
        if self._left >= 1:
            self._left -= 1
            try:
                self._queue.put_nowait((served, media, answer))
            except queue.Full:
                return

    def close(self) -> None:
        """Count what waits, write all of it, and end."""
        self._queue.put(None)
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while True:
            try:
                item = self._queue.get(timeout=WRITE_AFTER_S / 2)
            except queue.Empty:
                self._write(WRITE_AFTER_S)
                continue
            if item is None:
                self._write(0.0)
                return
            self._count(*item)
            self._write(WRITE_AFTER_S)

    def _count(self, served: Served, media: bytes, answer: Answer) -> None:
        key = served.model.name, served.model.version or ""
        if key not in self._counted:
            self._counted[key] = _Counted(served, _now(), time.monotonic())
        try:
            self._counted[key].fresh.add(measure(media, answer, served.spec))
        except CaptchaError:  # it was read, so it can be decoded; nothing here may end the thread
            return

    def _write(self, after_s: float) -> None:
        for (name, version), mine in self._counted.items():
            due = mine.fresh.n >= WRITE_EVERY or time.monotonic() - mine.began_s >= after_s
            if not mine.fresh.n or not due:
                continue
            period = Period(mine.since, _now(), mine.fresh)
            self._show(name, mine)
            mine.since, mine.began_s, mine.fresh = period.until, time.monotonic(), Histograms()
            try:
                LiveLog(self._folder, name, version).append(period)
            except OSError as error:
                if not self._complained:
                    log.warning("what is asked for is not kept in %s: %s", self._folder, error.strerror or error)
                self._complained = True

    def _show(self, name: str, mine: _Counted) -> None:
        """Let the metrics speak of the last captchas."""
        mine.recent.append(mine.fresh)
        while sum(one.n for one in mine.recent) - mine.recent[0].n >= WINDOW:
            mine.recent.popleft()
        if mine.served.reference is None:
            return
        together = Histograms()
        for one in mine.recent:
            together.merge(one)
        found = drift(mine.served.reference, together)
        self._metrics.drift_p(name).set(found.p_value)
        self._metrics.drift_captchas(name).set(found.live)
        for shift in found.shifts:
            self._metrics.drift_distance(name, shift.measure).set(shift.distance)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
