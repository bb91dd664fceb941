"""Threads that do the reading, off the event loop, behind a queue that says no when it is full."""

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any

from captcha_core.serving.errors import busy

Work = Callable[[int], Any]


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
            loop = future.get_loop()
            outcome: Any = None
            error: BaseException | None = None
            if not future.cancelled():  # nobody waits for it any more: the deadline passed or the caller left
                try:
                    outcome = work(number)
                except BaseException as caught:
                    error = caught
            try:
                loop.call_soon_threadsafe(self._settle, future, outcome, error)
            except RuntimeError:  # the loop has closed: nobody is left to tell
                return

    def _settle(self, future: "asyncio.Future[Any]", outcome: Any, error: BaseException | None) -> None:
        self._inside -= 1
        if future.cancelled():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(outcome)

    def close(self) -> None:
        """Let the threads finish what is queued, and end."""
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join(timeout=5)
