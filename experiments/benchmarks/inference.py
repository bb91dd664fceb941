"""Bytes to text on one thread: our solver beside Keras, ONNX Runtime and ddddocr, the same images in one run.

Exact match stands beside each time. ddddocr comes with ``captchalab[bench]``; without it the row is left out.
"""

import importlib.util
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from captcha_core.bundle.convert import to_onnx
from captcha_core.bundle.export import load_keras
from captcha_core.dataset.store import Dataset, require_same_spec
from captcha_core.evaluation.metrics import exact_match
from captcha_core.models.decode import read
from captcha_core.native import start_keras
from captcha_core.solver import Solver
from captcha_core.spec.sample import Sample
from captcha_core.workflows.data import labelled
from experiments.benchmarks.timing import milliseconds, one_core, one_thread_a_session, rate, seconds_of

WARM_UP = 20
Read = Callable[[bytes], str]


def run(model: str, data: str, split: str = "test", count: int = 1000, keras_count: int = 100) -> dict[str, Any]:
    """Time each way of reading ``count`` labelled samples (``keras_count`` for Keras' slow ``predict``).

    The process keeps to one processor where the system allows it, and every ONNX session, ddddocr's included, gets one
    thread: several of them on one processor stand in each other's way.
    """
    with one_core():
        solver, dataset = Solver.load(model), Dataset.open(data)
        require_same_spec(dataset, solver.spec)
        samples = labelled(dataset, split)[:count]
        rows = [_row("captchalab", lambda media: solver.solve(media).text, samples, solver)]
        rows.append(_batch(samples, solver))
        rows += [_row(name, way, some, solver) for name, way, some in _others(solver, samples, keras_count)]
    return {"suite": "inference", "model": model, "data": dataset.digest, "rows": rows}


def _others(solver: Solver, samples: Sequence[Sample], keras_count: int) -> list[tuple[str, Read, Sequence[Sample]]]:
    import onnxruntime

    start_keras()
    network, head, spec = load_keras(solver.bundle), solver.bundle.config.head, solver.spec
    with one_thread_a_session():
        session = onnxruntime.InferenceSession(to_onnx(network), providers=["CPUExecutionProvider"])
    entry = session.get_inputs()[0].name

    def by_onnx(media: bytes) -> str:
        return read(head, np.asarray(session.run(None, {entry: solver.features(media)[None]})[0]), spec)[0]

    def by_keras(media: bytes) -> str:
        return read(head, network.predict(solver.features(media)[None], verbose=0), spec)[0]

    ways: list[tuple[str, Read, Sequence[Sample]]] = [
        ("onnxruntime", by_onnx, samples),
        ("keras predict", by_keras, samples[:keras_count]),
    ]
    if importlib.util.find_spec("ddddocr"):
        with one_thread_a_session():
            import ddddocr

            engine = ddddocr.DdddOcr(show_ad=False)
        ways.append(("ddddocr", lambda media: str(engine.classification(media)), samples))
    return ways


def _row(name: str, way: Read, samples: Sequence[Sample], solver: Solver) -> dict[str, Any]:
    for sample in samples[:WARM_UP]:
        way(sample.media)
    texts: list[str] = []
    times_s = [seconds_of(lambda media=sample.media: texts.append(way(media))) for sample in samples]  # type: ignore[misc]
    fold = (lambda text: text) if solver.spec.case_sensitive else str.casefold
    share = exact_match([fold(sample.text or "") for sample in samples], [fold(text) for text in texts])
    return {"name": name, **milliseconds(times_s), "exact_match": share.as_dict()}


def _batch(samples: Sequence[Sample], solver: Solver) -> dict[str, Any]:
    media = [sample.media for sample in samples]
    solver.solve_many(media[:WARM_UP])
    return {"name": "captchalab, batches", "images_a_second": rate(len(media), lambda: solver.solve_many(media))}
