"""Several server processes on one listening socket, and the one that looks after them."""

import logging
import multiprocessing
import os
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from captcha_core.errors import CaptchaError, ServingError

log = logging.getLogger("captchalab.serving")
METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # the Prometheus client's own variable
SOON_S = 10.0  # a process that ends this soon counts as one that cannot stay
TRIES = 3

Work = Callable[[socket.socket, Any, Callable[[], None]], None]


@dataclass(frozen=True)
class Child:
    """A process, the pipe on which it says that it is ready or why it is not, and when it began."""

    process: SpawnProcess
    pipe: Connection
    began_s: float


class ServerProcesses:
    """Keeps a number of processes running until a signal ends them all.

    One that dies is replaced. Each ends by itself when this process is gone.

    Args:
        count: How many.
        work: What each does, given the socket, ``shared`` and what to call when it is ready. It must be importable.
        listener: The socket that all of them answer on.
        shared: Given to each; a :mod:`multiprocessing` array in it is the same memory in all of them.
    """

    def __init__(self, count: int, work: Work, listener: socket.socket, shared: Any) -> None:
        self._count, self._arguments = count, (work, listener, shared)
        self._context = multiprocessing.get_context("spawn")
        self._children: list[Child] = []
        self._stopping = False
        self._ended_soon = 0

    def run(self, ready: Callable[[], None]) -> None:
        """Start the processes, and call ``ready`` when all are; a signal ends them.

        Raises:
            KeyboardInterrupt: When SIGINT or SIGTERM has ended them, as either does in one process.
            ServingError: If one cannot start, with its own words, or they keep ending by themselves.
        """
        before = {number: signal.signal(number, self._stop) for number in (signal.SIGTERM, signal.SIGINT)}
        # The processes count together: each writes files of its own here, and whichever is asked adds them up.
        with tempfile.TemporaryDirectory(prefix="captchalab-metrics-") as folder:
            os.environ[METRICS_FOLDER] = folder
            try:
                for _ in range(self._count):
                    self._start()
                for child in self._children:
                    self._wait_until_ready(child)
                if not self._stopping:
                    ready()
                while self._children:
                    self._replace(wait([child.process.sentinel for child in self._children]))
                raise KeyboardInterrupt
            finally:
                self._stop()
                for child in self._children:
                    child.process.join()
                del os.environ[METRICS_FOLDER]
                for number, handler in before.items():
                    signal.signal(number, handler)

    def _start(self) -> None:
        if self._stopping:
            return
        mine, theirs = self._context.Pipe()
        process = self._context.Process(target=_live, args=(*self._arguments, theirs, tempfile.gettempdir()))
        process.start()
        self._children.append(Child(process, mine, time.monotonic()))
        theirs.close()
        if self._stopping:  # a signal came before this one was in the list
            process.terminate()

    def _wait_until_ready(self, child: Child) -> None:
        try:
            fault = child.pipe.recv()
        except EOFError:
            if self._stopping:
                return
            raise _ended(child, "start") from None
        if fault is not None:
            raise fault

    def _replace(self, ended: Sequence[Any]) -> None:
        from prometheus_client import multiprocess

        for child in [one for one in self._children if one.process.sentinel in ended]:
            self._children.remove(child)
            child.process.join()  # its sentinel closes before it has ended, and its connections with it
            multiprocess.mark_process_dead(child.process.pid)
            if self._stopping:
                continue
            self._ended_soon = self._ended_soon + 1 if time.monotonic() - child.began_s < SOON_S else 0
            if self._ended_soon >= TRIES:
                raise _ended(child, "stay")
            log.warning("process %s ended with %s; another takes its place", child.process.pid, child.process.exitcode)
            self._start()

    def _stop(self, *_: Any) -> None:
        self._stopping = True
        for child in self._children:
            child.process.terminate()


def _ended(child: Child, wish: str) -> ServingError:
    child.process.join()
    return ServingError(
        f"expected processes that {wish}, received one that ended with {child.process.exitcode}; see the log, or serve "
        "with one process."
    )


def _live(work: Work, listener: socket.socket, shared: Any, pipe: Connection, temporary: str) -> None:
    """Do the work in a process of its own, with temporary files where they go with the first one."""
    tempfile.tempdir = temporary
    threading.Thread(target=_end_with_parent, args=(pipe,), name="parent", daemon=True).start()
    try:
        work(listener, shared, lambda: pipe.send(None))
    except CaptchaError as error:
        log.error("%s", error)
        pipe.send(error)


def _end_with_parent(pipe: Connection) -> None:
    try:
        pipe.recv()
    except (EOFError, OSError):
        os.kill(os.getpid(), signal.SIGTERM)
