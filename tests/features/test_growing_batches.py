"""Batches of a stream that is slower than the learner: what is new comes once, the rest again."""

import time
from collections import Counter
from typing import Any

import numpy as np
import pytest

from captcha_core.features.image import ImageFeatures
from captcha_core.features.live import AT_ONCE, AT_ONCE_BY_WORKER, growing_batches
from captcha_core.sources import stream
from captcha_core.sources.generate import draw_arrays
from captcha_core.sources.schemes import get_scheme

SCHEME = get_scheme("digits4")
BATCH = 16


@pytest.mark.parametrize("delay_s", [0.0, 0.2])
def test_the_learner_never_waits_and_nothing_new_is_left_out(delay_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def draw(_scheme: Any, _seed: int, indices: range, _texts: Any) -> tuple[Any, list[str]]:
        asked.append(indices.start)
        time.sleep(delay_s if len(asked) > 1 else 0)
        return np.zeros((len(indices), 60, 160, 1), np.uint8), [f"{index:04d}" for index in indices]

    monkeypatch.setattr(stream, "draw_arrays", draw)
    batches = growing_batches(SCHEME, ImageFeatures.of(SCHEME.spec), BATCH, seed=0)(0)
    rows = [tuple(row) for _ in range(20) for row in next(batches)[1].tolist()]
    batches.close()  # type: ignore[attr-defined]
    assert len(rows) == 20 * BATCH
    if delay_s:
        assert AT_ONCE <= len(set(rows)) < 20 * BATCH, "what was drawn comes again"
    first = [tuple(digit + 1 for digit in map(int, f"{index:04d}")) for index in range(AT_ONCE)]
    assert all(Counter(rows)[row] >= 1 for row in first)


def test_workers_draw_what_a_thread_would_and_the_learner_does_not_wait() -> None:
    features = ImageFeatures.of(SCHEME.spec)
    batches = growing_batches(SCHEME, features, BATCH, seed=0, workers=2)(0)
    learnt = {x.tobytes() for _ in range(4 * AT_ONCE_BY_WORKER // BATCH) for x in next(batches)[0]}
    batches.close()  # type: ignore[attr-defined]
    arrays, _ = draw_arrays(SCHEME, 0, range(20 * AT_ONCE_BY_WORKER))
    assert learnt <= {picture.tobytes() for picture in features.encode(arrays)}
    assert len(learnt) > AT_ONCE_BY_WORKER // 2, "what is new comes first"
