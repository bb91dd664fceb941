"""What a network costs: parameters, bytes and time of the file that would be served. Training does not change it."""

import hashlib
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np

from captcha_core.bundle.bundle import LiteRT
from captcha_core.bundle.convert import to_litert
from captcha_core.files import own_draft, read_json, write_json
from captcha_core.models.zoo import build_network
from captcha_core.training.config import TrainingTask
from captcha_core.training.search.trials import SettingFailed
from captcha_core.workflows.searching.plan import SearchLimits

WARM_UPS, RUNS, LONGEST_S = 3, 50, 0.3


@dataclass(frozen=True)
class Cost:
    """Of the quantised LiteRT file, with weights that have not learnt; one thread, one captcha at a time."""

    parameters: int
    model_bytes: int
    latency_p50_ms: float

    def check(self, limits: SearchLimits) -> None:
        """Raises: SettingFailed: If it exceeds a limit."""
        if limits.bytes is not None and self.model_bytes > limits.bytes:
            raise SettingFailed(f"expected at most {limits.bytes:,} bytes of LiteRT, received {self.model_bytes:,}.")
        if limits.latency_ms is not None and self.latency_p50_ms > limits.latency_ms:
            raise SettingFailed(
                f"expected at most {limits.latency_ms:g} ms a captcha, received {self.latency_p50_ms:.3f}."
            )


def cost_of(task: TrainingTask, folder: Path) -> Cost:
    """Measure a task's network, or read what was measured of the same one before.

    Raises:
        ModelError: If the network or its LiteRT file cannot be built.
        SpecError: If the network cannot serve the specification.
    """
    name = hashlib.sha256(json.dumps([task.network, task.options], sort_keys=True).encode()).hexdigest()[:16]
    path = folder / f"{name}.json"
    if (measured := read_json(path)) is not None:
        return Cost(**measured)
    model = build_network(task.network, task.spec, task.options, task.features)
    file = to_litert(model, quantised=True)
    cost = Cost(int(model.count_params()), len(file), _latency_ms(file, model))
    folder.mkdir(parents=True, exist_ok=True)
    write_json(path, asdict(cost), draft=own_draft(path))
    return cost


def _latency_ms(file: bytes, model: keras.Model) -> float:
    (entry,) = model.inputs
    x = np.random.default_rng(0).integers(0, 256, (1, *entry.shape[1:])).astype(entry.dtype)
    litert = LiteRT(file)
    for _ in range(WARM_UPS):
        litert.run(x)
    times_ms: list[float] = []
    until = time.perf_counter() + LONGEST_S
    while len(times_ms) < RUNS and (not times_ms or time.perf_counter() < until):
        began = time.perf_counter()
        litert.run(x)
        times_ms.append(1000 * (time.perf_counter() - began))
    return float(np.median(times_ms))
