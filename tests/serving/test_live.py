"""A server counts what it is asked for, and answers all the same where that cannot be kept."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from captcha_core.evaluation.drift import Histograms, measure
from captcha_core.evaluation.live_log import LiveLog
from captcha_core.media.image import encode_png
from captcha_core.serving import live
from captcha_core.serving.live import LiveHistograms
from captcha_core.serving.metrics import ServingMetrics
from captcha_core.serving.models import Models, Served
from captcha_core.spec.answer import Answer
from tests.serving.fakes import FakeSolver, client_of, service_of

ANSWER = Answer("ab", 0.9, (), 0.1)


def picture(level: int = 0) -> bytes:
    rng = np.random.default_rng(level)
    pixels = np.full((16, 32), 255, np.uint8)
    pixels[4:12, 4:28] = rng.integers(level, level + 60, (8, 24))
    return encode_png(pixels)


def served(reference: Histograms | None = None) -> Served:
    solver = FakeSolver()
    models = Models(["models:/captcha-fake@champion"], 1, lambda _uri, _copies: [solver])
    (one,) = models.served.values()
    return Served(one.uri, one.model, one.spec, one.solvers, one.identity, reference)


def wait(true: Any) -> None:
    until = time.monotonic() + 10
    while not true():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_what_is_asked_for_is_on_disk_and_its_drift_in_the_metrics(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "WRITE_EVERY", 25)
    reference = Histograms()
    spec = FakeSolver().spec
    for number in range(100):
        reference.add(measure(picture(number % 20), ANSWER, spec))
    metrics, one = ServingMetrics(), served(reference)
    counting = LiveHistograms(tmp_path / "live", metrics)
    for number in range(50):
        counting.observe(one, picture(number % 20), ANSWER)
        wait(counting._queue.empty)
    counting.close()
    found = LiveLog(tmp_path / "live", "captcha-fake", "1").last(1000)
    assert found is not None and found.histograms.n == 50
    assert found.histograms.named == {"size": {"16 x 32": 50}, "length": {"2": 50}}
    text = metrics.text().decode()
    assert 'captchalab_drift_captchas{model="captcha-fake"} 50.0' in text
    assert 'captchalab_drift_p{model="captcha-fake"} 1.0' in text
    for number in range(25):
        counting._count(one, picture(120 + number), ANSWER)
    counting._write(0)
    assert 'captchalab_drift_distance{measure="ink",model="captcha-fake"} 0.3' in metrics.text().decode()


def test_a_disk_that_takes_nothing_stops_no_answer(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "live").write_text("a file where the folder should be")
    counting = LiveHistograms(tmp_path / "live", ServingMetrics())
    counting.observe(served(), picture(), ANSWER)
    counting.observe(served(), b"damaged", ANSWER)
    counting.close()
    assert "what is asked for is not kept in" in caplog.text and not counting._thread.is_alive()


def test_a_busy_server_looks_at_some(tmp_path: Path) -> None:
    counting = LiveHistograms(tmp_path / "live", ServingMetrics())
    one = served()
    for _ in range(5 * live.BURST):
        counting.observe(one, picture(), ANSWER)
    counting.close()
    found = LiveLog(tmp_path / "live", "captcha-fake", "1").last(10_000)
    assert found is not None and found.histograms.n <= live.BURST + 2 * live.PER_SECOND


def test_a_request_is_counted(tmp_path: Path) -> None:
    from dataclasses import replace

    service = service_of(FakeSolver())
    counted = replace(service, live=LiveHistograms(tmp_path / "live", service.metrics))
    with client_of(counted) as client:
        assert client.post("/solve", content=picture()).status_code == 200
    found = LiveLog(tmp_path / "live", "captcha-fake", "1").last(10)
    assert found is not None and found.histograms.n == 1
