"""Work that this process, several processes or a Ray cluster do, with the same results."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing.process import BaseProcess
from typing import Any

from captcha_core.cluster import connect_ray, ray_aside
from captcha_core.errors import DataError

Task = Callable[[int], Any]
AHEAD = 2  # jobs handed out per worker, so that none waits and memory stays flat

_task: Task | None = None


class WorkersDied(DataError):
    """A process that worked has been killed, or has ended by itself."""


def run(task: Task, numbers: Iterable[int], workers: int = 1, cluster: str | None = None) -> Iterator[Any]:
    """Yield ``task(number)`` for each number, as the results come.

    Args:
        task: Something that can be pickled.
        numbers: What to call it with.
        workers: Processes; 1 works in this process.
        cluster: Address of a Ray cluster (``local`` starts one here), which then does the work in place of processes.

    Raises:
        DataError: If a worker dies, or Ray is missing or cannot be reached; and whatever the task raises.
    """
    if cluster is not None:
        yield from _run_on_ray(task, numbers, cluster)
    elif workers == 1:
        yield from map(task, numbers)
    else:
        yield from _run_in_processes(task, numbers, workers)


def run_ahead(task: Task, numbers: Iterable[int], workers: int) -> Generator[Any, None, None]:
    """Yield ``task(number)`` as :func:`run` does with processes, and None whenever that would mean to wait.

    Processes that die are replaced, and what they had in hand is left out.

    Raises:
        DataError: If they die again before anything has come; and whatever the task raises.
    """
    waiting = iter(numbers)
    come = True
    while True:
        try:
            for result in _run_in_processes(task, waiting, workers, wait_s=0):
                come |= result is not None
                yield result
        except WorkersDied:
            if not come:
                raise
            come = False
        else:
            return


def _run_in_processes(
    task: Task, numbers: Iterable[int], workers: int, wait_s: float | None = None
) -> Generator[Any, None, None]:
    # spawn: numba and pyarrow have threads, which a fork would leave in an unusable state
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _prepare, (task,))
    waiting = iter(numbers)
    others = set(multiprocessing.active_children())
    ours: set[BaseProcess] = set()
    try:
        with _interrupts_deferred():
            running: set[Future[Any]] = {pool.submit(_call, number) for number in islice(waiting, AHEAD * workers)}
        ours = set(multiprocessing.active_children()) - others
        while running:
            done, running = wait(running, wait_s, FIRST_COMPLETED)
            if not done:
                yield None
            for future in done:
                yield future.result()
                running |= {pool.submit(_call, number) for number in islice(waiting, 1)}
    except BrokenProcessPool as error:
        pool.shutdown()
        raise WorkersDied(
            f"expected the worker processes to live, received the death of one{_how(ours)} (was memory short?); "
            "run the same command again with fewer --workers, it continues where it stopped."
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _how(processes: Iterable[BaseProcess]) -> str:
    """Return how the first of them ended; the pool ends the others by SIGTERM, and those that are well end with 0."""
    codes = [one.exitcode for one in processes if one.exitcode not in (None, 0, -signal.SIGTERM)]
    return f" with exit code {codes[0]}" if codes else ""


@contextlib.contextmanager
def _interrupts_deferred() -> Iterator[None]:
    """Start processes that never receive a Ctrl-C, not even in their first moment; this one receives it afterwards.

    A SIGTERM waits as well: a process that was begun, and is not told what it is to do, ends with a traceback.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    came: list[int] = []
    mine = threading.current_thread() is threading.main_thread()
    usual = signal.signal(signal.SIGTERM, lambda number, _: came.append(number)) if mine else None
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if mine:
            signal.signal(signal.SIGTERM, usual or signal.SIG_DFL)
        for number in came[:1]:
            signal.raise_signal(number)


def _prepare(task: Task) -> None:
    """Set up a worker: remember the task, leave Ctrl-C to the parent and die with the parent."""
    global _task
    _task = task
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def _call(number: int) -> Any:
    assert _task is not None
    return _task(number)


def _run_on_ray(task: Task, numbers: Iterable[int], address: str) -> Iterator[Any]:
    ray, mine = connect_ray(address)
    try:
        with ray_aside():
            shared = ray.put(task)
            remote = ray.remote(_call_shared)
            waiting = iter(numbers)
            slots = AHEAD * max(1, int(ray.cluster_resources().get("CPU", 1)))
            running = [remote.remote(shared, number) for number in islice(waiting, slots)]
            while running:
                done, running = ray.wait(running, num_returns=1)
                yield _result(ray, done[0])
                running += [remote.remote(shared, number) for number in islice(waiting, 1)]
    finally:
        if mine:
            ray.shutdown()


def _call_shared(task: Task, number: int) -> Any:
    return task(number)


def _result(ray: Any, reference: Any) -> Any:
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None
    except ray.exceptions.RayError as error:
        raise DataError(
            f"expected the Ray workers to live, received: {str(error).splitlines()[0]}; run the same command again, it "
            "continues where it stopped."
        ) from None
