"""Threads that solve, off the event loop, behind a queue that refuses work when it is full."""

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

    Call everything but :meth:`close` from the event loop. Work receives the number of its thread, so that each thread
    can have an interpreter of its own.

    Args:
        threads: How many work.
        max_waiting: How many pieces of work may wait for one of them.
    """

    def __init__(self, threads: int, max_waiting: int) -> None:
        self.inside = 0  # pieces of work that wait or are being done
        self._most = threads + max_waiting
        self._queue: queue.SimpleQueue[tuple[Work, asyncio.Future[Any]] | None] = queue.SimpleQueue()
        self._done: list[tuple[asyncio.Future[Any], Outcome]] = []
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._run, args=(number,), name=f"solver-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def full(self) -> bool:
        """Return whether not one more piece of work would be taken."""
        return self.inside >= self._most

    def submit(self, *works: Work) -> list[asyncio.Future[Any]]:
        """Queue pieces of work, all of them or none.

        Raises:
            ApiError: 503, at once, if they do not all fit.
        """
        if self.inside + len(works) > self._most:
            raise busy()
        loop = asyncio.get_running_loop()
        futures = [loop.create_future() for _ in works]
        for work, future in zip(works, futures, strict=True):
            self.inside += 1
            self._queue.put((work, future))
        return futures

    def _run(self, number: int) -> None:
        while (job := self._queue.get()) is not None:
            work, future = job
            # Nobody waits for a cancelled future: the deadline passed or the caller left.
            outcome = (None, None) if future.cancelled() else _outcome(work, number)
            with self._lock:
                self._done.append((future, outcome))
                woken = len(self._done) > 1  # for an earlier one, and the loop will take this too
            try:
                if not woken:
                    future.get_loop().call_soon_threadsafe(self._deliver)
            except RuntimeError:  # the loop has closed, and nobody waits for an answer any more
                return

    def _deliver(self) -> None:
        with self._lock:
            done, self._done = self._done, []
        self.inside -= len(done)
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
