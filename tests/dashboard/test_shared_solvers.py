"""Solvers are loaded once, shared, and follow their alias."""

import threading
import time
from pathlib import Path

import pytest

from captcha_core.errors import ModelError
from captcha_core.registry.lookup import RegistryUnreachable
from captcha_core.solver import Solver
from captcha_core.spec.answer import ModelIdentity
from dashboard import solvers


class Registry:
    """Says which version an alias means, and loads slowly."""

    def __init__(self, bundle: Path) -> None:
        self.bundle, self.version, self.loads, self.away = bundle, "1", 0, False

    def load(self, uri: str) -> Solver:
        self.loads += 1
        time.sleep(0.05)
        loaded = Solver.load(str(self.bundle))
        loaded.model = ModelIdentity("m", self.version, "champion")
        return loaded

    def find(self, uri: str) -> str | None:
        if self.away:
            raise RegistryUnreachable("away")
        return self.version


@pytest.fixture
def registry(tiny_bundle: Path) -> Registry:
    return Registry(tiny_bundle)


def test_many_at_once_load_once(registry: Registry) -> None:
    shared = solvers.Solvers(registry.load, registry.find)
    found: list[Solver] = []
    threads = [threading.Thread(target=lambda: found.append(shared.get("models:/m@champion"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert registry.loads == 1
    assert len({id(one) for one in found}) == 1 and len(found) == 8


def test_a_moved_alias_is_followed(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = solvers.Solvers(registry.load, registry.find)
    assert shared.get("models:/m@champion").model.version == "1"
    registry.version = "2"
    assert shared.get("models:/m@champion").model.version == "1", "asked too recently to ask again"
    monkeypatch.setattr(solvers, "ASK_EVERY_S", 0.0)
    assert shared.get("models:/m@champion").model.version == "2"
    assert registry.loads == 2


def test_a_registry_that_is_away_changes_nothing(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solvers, "ASK_EVERY_S", 0.0)
    shared = solvers.Solvers(registry.load, registry.find)
    before = shared.get("models:/m@champion")
    registry.away = True
    assert shared.get("models:/m@champion") is before


def test_what_could_not_be_loaded_is_tried_again(registry: Registry) -> None:
    faults = [ModelError("expected a bundle, received none.")]

    def load(uri: str) -> Solver:
        if faults:
            raise faults.pop()
        return registry.load(uri)

    shared = solvers.Solvers(load, registry.find)
    with pytest.raises(ModelError, match="expected a bundle"):
        shared.get("models:/m/1")
    assert shared.get("models:/m/1").model.name == "m"


def test_only_some_are_kept(registry: Registry) -> None:
    shared = solvers.Solvers(registry.load, registry.find)
    for number in range(solvers.MOST + 1):
        shared.get(f"models:/m/{number}")
    loads = registry.loads
    shared.get(f"models:/m/{solvers.MOST}")
    assert registry.loads == loads
    shared.get("models:/m/0")
    assert registry.loads == loads + 1, "the one that was used longest ago had gone"
