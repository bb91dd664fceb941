"""Threads that do the reading, off the event loop, behind a queue that says no when it is full."""

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any

from captcha_core.serving.errors import busy

Work = Callable[[int], Any]
Outcome = tuple[Any, BaseException | None]


class Workers:
    """A fixed number of threads with one bounded queue.

    Call everything but :meth:`close` from the event loop. Work gets the number of its thread, so that each thread can
    have an interpreter of its own.

    Args:
        threads: How many work.
        max_waiting: How many pieces of work may wait for one of them.
    """

    def __init__(self, threads: int, max_waiting: int) -> None:
        self.threads = threads
        self._most = threads + max_waiting
        self._inside = 0
        self._queue: queue.SimpleQueue[tuple[Work, asyncio.Future[Any]] | None] = queue.SimpleQueue()
        self._done: list[tuple[asyncio.Future[Any], Outcome]] = []
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._serve, args=(number,), name=f"reader-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def inside(self) -> int:
        """Pieces of work that wait or are being done."""
        return self._inside

    @property
    def full(self) -> bool:
        """Whether not one more piece of work would be taken."""
        return self._inside >= self._most

    def submit(self, *works: Work) -> list[asyncio.Future[Any]]:
        """Queue pieces of work, all of them or none.

        Raises:
            ApiError: 503, at once, if they do not all fit.
        """
        if self._inside + len(works) > self._most:
            raise busy()
        loop = asyncio.get_running_loop()
        futures = [loop.create_future() for _ in works]
        for work, future in zip(works, futures, strict=True):
            self._inside += 1
            self._queue.put((work, future))
        return futures

    def _serve(self, number: int) -> None:
        while (job := self._queue.get()) is not None:
            work, future = job
            # A cancelled future has nobody waiting: the deadline passed or the caller left.
            outcome = (None, None) if future.cancelled() else _outcome(work, number)
            with self._lock:
                self._done.append((future, outcome))
                woken = len(self._done) > 1  # for an earlier one, and the loop will take this too
            try:
                if not woken:
                    future.get_loop().call_soon_threadsafe(self._settle)
            except RuntimeError:  # the loop has closed: nobody is left to tell
                return

    def _settle(self) -> None:
        with self._lock:
            done, self._done = self._done, []
        self._inside -= len(done)
        for future, (result, error) in done:
            if future.cancelled():
                continue
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)

    def close(self) -> None:
        """Let the threads finish what is queued, and end."""
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join(timeout=5)


def _outcome(work: Work, number: int) -> Outcome:
    try:
        return work(number), None
    except BaseException as error:
        return None, error
