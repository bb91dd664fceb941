"""What a server tells Prometheus about itself."""

from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

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
        self.waiting = Gauge("captchalab_waiting", "Captchas in the queue or being read.", registry=self.registry)
        self.held_bytes = Gauge("captchalab_held_bytes", "Request bodies in memory.", registry=self.registry)
        self.exchanges = Gauge(
            "captchalab_model_exchanges", "Models exchanged since the start.", registry=self.registry
        )
        self.registry_reachable = Gauge(
            "captchalab_registry_reachable", "1 while the model registry answers.", registry=self.registry
        )

        self._request = cache(self.requests.labels)  # finding a child takes longer than counting with it
        self._seconds = cache(self.seconds.labels)

    def count(self, route: str, status: int, seconds: float) -> None:
        """Count a request that has been answered."""
        self._request(route, status).inc()
        self._seconds(route).observe(seconds)

    def text(self) -> bytes:
        return generate_latest(self.registry)
