"""What the benchmarks measure with: one core, rates of ways that take turns, quantiles."""

import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np


@contextmanager
def one_core() -> Iterator[None]:
    """Keep this process, its compiled loops and its matrix products on one core."""
    from threadpoolctl import threadpool_limits

    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    with threadpool_limits(1):
        if cores:
            os.sched_setaffinity(0, {min(cores)})
        try:
            yield
        finally:
            if cores:
                os.sched_setaffinity(0, cores)


@contextmanager
def one_thread_a_session() -> Iterator[None]:
    """Give one thread to every ONNX session that is opened meanwhile, by libraries that have no option for it, too."""
    import onnxruntime

    ordinary = onnxruntime.InferenceSession

    class OneThread(ordinary):  # type: ignore[misc, valid-type]
        def __init__(self, model: Any, sess_options: Any = None, *rest: Any, **named: Any) -> None:
            options = sess_options or onnxruntime.SessionOptions()
            options.intra_op_num_threads = options.inter_op_num_threads = 1
            super().__init__(model, options, *rest, **named)

    onnxruntime.InferenceSession = OneThread
    try:
        yield
    finally:
        onnxruntime.InferenceSession = ordinary


def seconds_of(work: Callable[[], object]) -> float:
    """Return how long a piece of work takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def rate(count: float, work: Callable[[], object]) -> float:
    """Return how many of ``count`` things a second a piece of work gets done."""
    return count / seconds_of(work)


def rates_in_turn(
    ways: Mapping[str, Callable[[range], object]], counts: Mapping[str, int], rounds: int
) -> dict[str, float]:
    """Return the median rate of each way over rounds in which they take turns, each time on fresh indices."""
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds):
        for name, way in ways.items():
            indices = range(turn * counts[name], (turn + 1) * counts[name])
            rates[name].append(rate(counts[name], lambda way=way, indices=indices: way(indices)))  # type: ignore[misc]
    return {name: statistics.median(values) for name, values in rates.items()}


def milliseconds(values: Sequence[float]) -> dict[str, float]:
    """Return the median and the 99th percentile of times in seconds, in milliseconds."""
    p50, p99 = np.percentile(values, [50, 99]) * 1000
    return {"p50_ms": float(p50), "p99_ms": float(p99)}
