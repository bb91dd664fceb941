"""A moved alias is followed, a bad version never replaces a good one, and a lost registry stops nothing."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from captcha_core.errors import ModelError, RegistryError
from captcha_core.registry.lookup import RegistryUnreachable
from captcha_core.serving.limits import ServingLimits
from captcha_core.serving.metrics import ServingMetrics
from captcha_core.serving.models import AnySolver, Models, example_media
from captcha_core.serving.reload import Watcher
from captcha_core.serving.service import Service
from captcha_core.serving.workers import Workers
from captcha_core.spec.answer import ModelIdentity
from tests.serving.fakes import FakeSolver, client_of, image_spec

URI = "models:/captcha-fake@champion"
PICTURE = example_media(image_spec())


@dataclass
class FakeRegistry:
    """One alias, and what can be loaded through it."""

    version: str = "1"
    away: Exception | None = None
    faults: dict[str, Exception] = field(default_factory=dict)
    gates: dict[str, threading.Event] = field(default_factory=dict)
    loads: list[str] = field(default_factory=list)

    def find(self, uri: str) -> str | None:
        if self.away is not None:
            raise self.away
        return self.version

    def load(self, uri: str, copies: int) -> Sequence[AnySolver]:
        self.loads.append(self.version)
        if self.version in self.faults:
            raise self.faults[self.version]
        model = ModelIdentity("captcha-fake", self.version, "champion")
        gate = self.gates.get(self.version)
        return [FakeSolver(image_spec(), model, f"a{self.version}", gate=gate) for _ in range(copies)]


@pytest.fixture
def registry() -> FakeRegistry:
    return FakeRegistry()


@pytest.fixture
def models(registry: FakeRegistry) -> Models:
    return Models([URI], 1, registry.load)


@pytest.fixture
def watcher(registry: FakeRegistry, models: Models) -> Watcher:
    return Watcher(models, poll_s=0.02, find=registry.find)


def version_of(models: Models) -> str | None:
    return models.served[URI].model.version


def eventually(condition: Callable[[], bool], within_s: float = 5) -> bool:
    ends = time.monotonic() + within_s
    while not condition() and time.monotonic() < ends:
        time.sleep(0.01)
    return condition()


def test_a_moved_alias_is_followed_and_back(registry: FakeRegistry, models: Models) -> None:
    metrics = ServingMetrics()
    watcher = Watcher(models, poll_s=0.02, find=registry.find, metrics=metrics)
    watcher.start()
    for version in ("2", "1", "3"):
        registry.version = version
        assert eventually(lambda version=version: version_of(models) == version)  # type: ignore[misc]
    watcher.stop()
    assert "captchalab_model_exchanges 3.0" in metrics.text().decode()
    assert registry.loads == ["1", "2", "1", "3"], "nothing is loaded that has not changed"


@pytest.mark.parametrize("fault", [ModelError("sums differ in /srv"), RuntimeError("bad flatbuffer"), MemoryError()])
def test_a_bad_version_never_replaces_a_good_one(
    registry: FakeRegistry, models: Models, watcher: Watcher, fault: Exception
) -> None:
    registry.version, registry.faults["2"] = "2", fault
    for _ in range(3):
        watcher.look()
    assert version_of(models) == "1"
    assert registry.loads == ["1", "2"], "tried once, not at every look"
    (refused,) = watcher.state()["refused"]
    assert (refused["name"], refused["version"]) == ("captcha-fake", "2")
    assert "/srv" not in refused["reason"]
    registry.version = "3"
    watcher.look()
    assert version_of(models) == "3"
    assert watcher.state()["refused"] == []


def test_a_bad_version_is_tried_again_after_a_while(
    registry: FakeRegistry, models: Models, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.version, registry.faults["2"] = "2", ModelError("half copied")
    watcher.look()
    del registry.faults["2"]
    monkeypatch.setattr("captcha_core.serving.reload.RETRY_S", 0.0)
    watcher.look()
    assert version_of(models) == "2"


def test_a_lost_registry_is_told_and_stops_nothing(registry: FakeRegistry, models: Models, watcher: Watcher) -> None:
    registry.away = RegistryUnreachable("no answer from 10.0.0.7")
    watcher.look()
    state = watcher.state()["registry"]
    assert not state["reachable"] and state["away_s"] >= 0
    assert version_of(models) == "1"
    registry.away, registry.version = None, "2"
    watcher.look()
    assert watcher.state()["registry"] == {"reachable": True, "away_s": None}
    assert version_of(models) == "2"


def test_a_registry_lost_between_looking_and_loading(registry: FakeRegistry, models: Models, watcher: Watcher) -> None:
    registry.version, registry.faults["2"] = "2", RegistryUnreachable("gone")
    watcher.look()
    assert not watcher.state()["registry"]["reachable"]
    assert watcher.state()["refused"] == [], "the version is not to blame"
    registry.faults.clear()
    watcher.look()
    assert version_of(models) == "2"


def test_an_alias_that_is_gone_is_told_and_changes_nothing(
    registry: FakeRegistry, models: Models, watcher: Watcher
) -> None:
    registry.away = RegistryError("no such alias")
    watcher.look()
    assert version_of(models) == "1"
    assert watcher.state()["refused"][0]["reason"] == "the alias is gone"


def test_requests_in_flight_end_with_the_version_they_began_with(registry: FakeRegistry) -> None:
    gate = registry.gates["1"] = threading.Event()
    models = Models([URI], 1, registry.load)
    watcher = Watcher(models, poll_s=0.02, find=registry.find)
    service = Service(models, Workers(1, 8), watcher, ServingLimits(), ServingMetrics())

    def version(answer: Any) -> str:
        assert answer.status_code == 200, answer.text
        return str(answer.json()["model"]["version"])

    with client_of(service) as client, ThreadPoolExecutor(1) as caller:
        early = caller.submit(client.post, "/solve", content=PICTURE)
        assert eventually(lambda: service.workers.inside == 1)
        registry.version = "2"
        assert eventually(lambda: version_of(models) == "2")
        gate.set()
        assert version(early.result(10)) == "1"
        assert version(client.post("/solve", content=PICTURE)) == "2"


def test_no_request_is_lost_while_the_alias_moves_often(registry: FakeRegistry) -> None:
    models = Models([URI], 2, registry.load)
    watcher = Watcher(models, poll_s=0.01, find=registry.find)
    service = Service(models, Workers(2, 64), watcher, ServingLimits(), ServingMetrics())
    with client_of(service) as client, ThreadPoolExecutor(4) as callers:
        answers = []
        for number in range(200):
            registry.version = str(1 + number // 20)
            answers.append(callers.submit(client.post, "/solve", content=PICTURE))
            time.sleep(0.002)
        texts = []
        for answer in answers:
            body = answer.result(10).json()
            assert body["text"] == "a" + body["model"]["version"], "one answer is of one version"
            texts.append(body["text"])
    assert len(set(texts)) >= 3


def test_an_answer_that_nobody_expected_does_not_end_the_watch(registry: FakeRegistry, models: Models) -> None:
    answers: list[Exception] = [KeyError("model_version"), TypeError("a list")]  # some proxy's idea of JSON

    def find(uri: str) -> str | None:
        if answers:
            raise answers.pop()
        return registry.find(uri)

    watcher = Watcher(models, poll_s=0.01, find=find)
    watcher.look()
    assert not watcher.state()["registry"]["reachable"]
    registry.version = "2"
    watcher.start()
    try:
        assert eventually(lambda: version_of(models) == "2")
    finally:
        watcher.stop()
    assert watcher.state()["registry"]["reachable"]


def test_a_registry_that_is_back_without_the_alias_is_back(
    registry: FakeRegistry, models: Models, watcher: Watcher
) -> None:
    registry.away = RegistryUnreachable("no answer")
    watcher.look()
    registry.away = RegistryError("no such alias")
    watcher.look()
    assert watcher.state()["registry"]["reachable"], "it answered: that the alias is gone"


def test_the_state_can_be_asked_for_while_versions_are_refused() -> None:
    uris = [f"models:/captcha-{name}@champion" for name in "abcdefgh"]
    gone: list[str] = []

    def find(uri: str) -> str | None:
        if uri in gone:
            raise RegistryError("no such alias")
        return "1"

    watcher = Watcher(Models(uris, 1, FakeRegistry().load), poll_s=0.0001, find=find)
    watcher.start()
    try:
        for turn in range(400):
            gone[:] = uris if turn % 2 else []
            for _ in range(20):
                assert all(one["reason"] == "the alias is gone" for one in watcher.state()["refused"])
    finally:
        watcher.stop()
