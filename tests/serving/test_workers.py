"""The queue says no at once when it is full, and nothing is lost or done in vain."""

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest

from captcha_core.serving.errors import ApiError
from captcha_core.serving.workers import Workers


@pytest.fixture
def workers() -> Iterator[Workers]:
    workers = Workers(threads=2, max_waiting=3)
    yield workers
    workers.close()


def test_work_runs_off_the_loop_on_numbered_threads(workers: Workers) -> None:
    meeting = threading.Barrier(2, timeout=10)

    def work(number: int) -> tuple[int, int]:
        meeting.wait()  # only passes when both threads are in here at one time
        return number, threading.get_ident()

    async def run() -> list[tuple[int, int]]:
        return await asyncio.gather(*workers.submit(work, work))

    seen = asyncio.run(run())
    assert sorted(number for number, _ in seen) == [0, 1]
    assert threading.get_ident() not in [thread for _, thread in seen]


def test_a_full_queue_refuses_at_once_and_recovers(workers: Workers) -> None:
    gate = threading.Event()

    async def run() -> None:
        futures = workers.submit(*[lambda number: gate.wait(10)] * 5)
        began = time.monotonic()
        with pytest.raises(ApiError) as refusal:
            workers.submit(lambda number: None)
        assert time.monotonic() - began < 0.1
        assert (refusal.value.status, refusal.value.headers) == (503, {"Retry-After": "1"})
        gate.set()
        assert await asyncio.gather(*futures) == [True] * 5
        assert workers.inside == 0
        assert await asyncio.gather(*workers.submit(*[lambda number: 7] * 5)) == [7] * 5

    asyncio.run(run())


def test_all_or_none(workers: Workers) -> None:
    async def run() -> None:
        with pytest.raises(ApiError):
            workers.submit(*[lambda number: None] * 6)
        assert workers.inside == 0

    asyncio.run(run())


def test_errors_come_back_to_whoever_asked(workers: Workers) -> None:
    def fail(number: int) -> None:
        raise ValueError("of this work")

    async def run() -> None:
        bad, good = workers.submit(fail, lambda number: "fine")
        with pytest.raises(ValueError, match="of this work"):
            await bad
        assert await good == "fine"

    asyncio.run(run())


def test_work_that_nobody_waits_for_is_not_done() -> None:
    workers = Workers(threads=1, max_waiting=3)
    gate, done = threading.Event(), []

    async def run() -> None:
        first, second, third = workers.submit(
            lambda n: gate.wait(10), lambda n: done.append(2), lambda n: done.append(3)
        )
        second.cancel()
        gate.set()
        await asyncio.gather(first, third)
        assert done == [3]
        assert workers.inside == 0

    asyncio.run(run())
    workers.close()


def test_many_small_works_all_settle(workers: Workers) -> None:
    async def caller(start: int) -> list[int]:
        results = []
        for value in range(start, start + 300):
            (future,) = workers.submit(lambda number, value=value: value)  # type: ignore[misc]
            results.append(await asyncio.wait_for(future, 10))
        return results

    async def run() -> None:
        results = await asyncio.gather(*(caller(start) for start in (0, 1000, 2000, 3000)))
        assert [one[-1] for one in results] == [299, 1299, 2299, 3299]

    asyncio.run(run())
