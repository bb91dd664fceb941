"""A solver that needs no network, and a server around it."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from starlette.testclient import TestClient

from captcha_core.fetch.fetch import Fetcher
from captcha_core.media.audio import decode_audio
from captcha_core.media.image import decode_image
from captcha_core.models.decode import Limits
from captcha_core.serving.guard import OWN_NAMES
from captcha_core.serving.limits import ServingLimits
from captcha_core.serving.metrics import ServingMetrics
from captcha_core.serving.models import AnySolver, Models
from captcha_core.serving.reload import Watcher
from captcha_core.serving.server import build_app
from captcha_core.serving.service import Service
from captcha_core.serving.tokens import Tokens
from captcha_core.serving.workers import Workers
from captcha_core.spec.answer import Answer, Character, ModelIdentity
from captcha_core.spec.captcha import CaptchaSpec


def image_spec(height_px: int = 16, width_px: int = 32, **changes: object) -> CaptchaSpec:
    fields = {"alphabet": "abAB01", "min_length": 2, "max_length": 4, **changes}
    return CaptchaSpec.build(media="image", height_px=height_px, width_px=width_px, channels=1, **fields)


def audio_spec() -> CaptchaSpec:
    return CaptchaSpec.build(
        media="audio", alphabet="01", min_length=2, max_length=2, sample_rate_hz=8000, max_seconds=2.0
    )


@dataclass
class FakeSolver:
    """Answers ``text``; decodes files as a real solver does, and waits for ``gate`` where there is one."""

    spec: CaptchaSpec = field(default_factory=image_spec)
    model: ModelIdentity = field(default_factory=lambda: ModelIdentity("captcha-fake", "1", "champion"))
    text: str = "aB0"
    confidence: float = 0.9
    gate: threading.Event | None = None
    error: Exception | None = None
    delay_s: float = 0.0
    asked: list[Limits | None] = field(default_factory=list)

    def solve(self, media: bytes, limits: Limits | None = None) -> Answer:
        self.asked.append(limits)
        if self.error is not None:
            raise self.error
        if self.gate is not None:
            assert self.gate.wait(20)
        time.sleep(self.delay_s)
        if self.spec.media == "image":
            decode_image(media, 1, self.spec.size_px)
        else:
            decode_audio(media, self.spec.rate_hz, self.spec.seconds)
        characters = tuple(Character(character, 0.95) for character in self.text)
        return Answer(self.text, self.confidence, characters, 0.1)


def service_of(
    *solvers: AnySolver,
    threads: int = 2,
    limits: ServingLimits | None = None,
    fetcher: Fetcher | None = None,
    watcher: Watcher | None = None,
) -> Service:
    """Return a service over solvers, each under its model's own address."""
    limits = limits or ServingLimits()
    by_uri = {f"models:/{solver.model.name}@{solver.model.alias}": solver for solver in solvers}

    def load(uri: str, copies: int) -> Sequence[AnySolver]:
        return [by_uri[uri]] * copies

    models = Models(list(by_uri), threads, load)
    watcher = watcher or Watcher(models, poll_s=60, find=lambda uri: None)
    return Service(models, Workers(threads, limits.max_waiting), watcher, limits, ServingMetrics(), fetcher)


def client_of(
    service: Service, tokens: Tokens | None = None, hosts: frozenset[str] | None = OWN_NAMES, raising: bool = True
) -> TestClient:
    """Return a client; enter it to start the server's life."""
    app = build_app(service, tokens, hosts)
    return TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=raising)
