"""What a server tells Prometheus about itself: all its processes together, where there are several."""

import os
from functools import cache
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from captcha_core.serving.processes import METRICS_FOLDER

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class ServingMetrics:
    """Counters of one server, in a registry of their own so that two servers in a process do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "captchalab_requests", "Requests by route and status.", ("route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "captchalab_request_seconds",
            "Time from the request's first byte to the answer's last.",
            ("route",),
            registry=self.registry,
            buckets=SECONDS,
        )
        self.solved = Counter(
            "captchalab_solved", "Captchas read, by model and version.", ("model", "version"), registry=self.registry
        )
        self.confidence = Histogram(
            "captchalab_confidence",
            "Confidence of the answers, by model.",
            ("model",),
            registry=self.registry,
            buckets=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0),
        )
        self.waiting = self._gauge("waiting", "Captchas in the queue or being read.", "livesum")
        self.held_bytes = self._gauge("held_bytes", "Request bodies in memory.", "livesum")
        self.exchanges = self._gauge("model_exchanges", "Models exchanged since the start.", "livemax")
        self.registry_reachable = self._gauge("registry_reachable", "1 while the model registry answers.", "livemin")
        self.registry_reachable.set(1)

        self._request = cache(self.requests.labels)  # finding a child takes longer than counting with it
        self._seconds = cache(self.seconds.labels)

    def _gauge(self, name: str, about: str, together: Literal["livesum", "livemin", "livemax"]) -> Gauge:
        return Gauge(f"captchalab_{name}", about, registry=self.registry, multiprocess_mode=together)

    def count(self, route: str, status: int, seconds: float) -> None:
        """Count a request that has been answered."""
        self._request(route, status).inc()
        self._seconds(route).observe(seconds)

    def text(self) -> bytes:
        if METRICS_FOLDER not in os.environ:
            return generate_latest(self.registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)
        return generate_latest(together)
