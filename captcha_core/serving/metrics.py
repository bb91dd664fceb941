"""The numbers a server gives Prometheus: all its processes together, where there are several."""

import os
from functools import cache
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from captcha_core.serving.processes import METRICS_FOLDER

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
CONFIDENCES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)


class ServingMetrics:
    """Counters of one server, in a registry of their own so that two servers in a process do not mix.

    ``requests(route, status)``, ``seconds(route)``, ``solved(model, version)``, ``confidence(model)`` and those of the
    drift (``drift_p(model)``, ``drift_captchas(model)``, ``drift_distance(model, measure)``) return what to count
    with; they remember it, because finding it takes longer than counting.
    """

    def __init__(self) -> None:
        self.registry = mine = CollectorRegistry()
        requests = Counter("captchalab_requests", "Requests by route and status.", ("route", "status"), registry=mine)
        about = "Time from the request's first byte to the answer's last."
        seconds = Histogram("captchalab_request_seconds", about, ("route",), registry=mine, buckets=SECONDS)
        solved = Counter(
            "captchalab_solved", "Captchas read, by model and version.", ("model", "version"), registry=mine
        )
        about = "Confidence of the answers, by model."
        confidence = Histogram("captchalab_confidence", about, ("model",), registry=mine, buckets=CONFIDENCES)
        self.requests, self.seconds = cache(requests.labels), cache(seconds.labels)
        self.solved, self.confidence = cache(solved.labels), cache(confidence.labels)
        self._add_drift(mine)
        self.waiting = self._gauge("waiting", "Captchas in the queue or being read.", "livesum")
        self.held_bytes = self._gauge("held_bytes", "Request bodies in memory.", "livesum")
        self.exchanges = self._gauge("model_exchanges", "Models exchanged since the start.", "livemax")
        self.registry_reachable = self._gauge("registry_reachable", "1 while the model registry answers.", "livemin")
        self.registry_reachable.set(1)

    def _gauge(self, name: str, about: str, together: Literal["livesum", "livemin", "livemax"]) -> Gauge:
        return Gauge(f"captchalab_{name}", about, registry=self.registry, multiprocess_mode=together)

    def _add_drift(self, mine: CollectorRegistry) -> None:
        """Add what says whether the last captchas are still those of a model's training."""
        about = "Probability of the last captchas if they are like those of the training, by model."
        p_value = Gauge("captchalab_drift_p", about, ("model",), registry=mine, multiprocess_mode="livemin")
        about = "Captchas that captchalab_drift_p speaks of, by model."
        captchas = Gauge("captchalab_drift_captchas", about, ("model",), registry=mine, multiprocess_mode="livesum")
        about = "Distance of the last captchas from those of the training, 0 to 1, by model and measure."
        distance = Gauge(
            "captchalab_drift_distance", about, ("model", "measure"), registry=mine, multiprocess_mode="livemax"
        )
        self.drift_p, self.drift_captchas = cache(p_value.labels), cache(captchas.labels)
        self.drift_distance = cache(distance.labels)

    def text(self) -> bytes:
        """Return all numbers in Prometheus' text format."""
        if METRICS_FOLDER not in os.environ:
            return generate_latest(self.registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)
        return generate_latest(together)
