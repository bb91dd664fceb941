"""Several who change the champion at once: one does, the others read who was quicker; the history tells the same."""

import contextlib
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from captcha_core.errors import RegistryError
from captcha_core.registry import history as entries
from captcha_core.registry import promotion as module
from captcha_core.registry.history import history
from captcha_core.registry.promotion import promote, rollback
from captcha_core.registry.versions import CHAMPION, PREVIOUS
from captcha_core.tracking.connect import client
from captcha_core.tracking.names import Tag
from captcha_core.tracking.provenance import owner_tags
from tests.registry.test_promotion import FIGURES, NAME, RULE, YES, Killed, champions, filled_database, registry

__all__ = ["filled_database", "registry"]  # fixtures
OVERTAKEN = "Somebody else has just promoted version"


class SlowStore:
    """What promotions ask of MLflow, as a server far away answers: late, and one after another."""

    def __init__(self, seed: int) -> None:
        self.random, self.lock = random.Random(seed), threading.Lock()
        self.runs: list[Any] = []
        self.tags: dict[str, str] = {}
        self.aliases = {CHAMPION: "1"}

    @contextlib.contextmanager
    def answer(self) -> Iterator[None]:
        time.sleep(self.random.random() / 300)
        with self.lock:
            yield
        time.sleep(self.random.random() / 300)

    def create_run(self, _: str, tags: dict[str, str], run_name: str) -> Any:
        with self.answer():
            skew_ms = self.random.randrange(-50, 50)  # every machine has its own clock
            info = SimpleNamespace(run_id=f"{len(self.runs):032x}", start_time=1_000_000 + skew_ms, status="RUNNING")
            self.runs.append(SimpleNamespace(info=info, data=SimpleNamespace(tags=dict(tags)), name=run_name))
            return self.runs[-1]

    def get_run(self, run_id: str) -> Any:
        with self.answer():
            return self.runs[int(run_id, 16)]

    def set_terminated(self, run_id: str, status: str = "FINISHED") -> None:
        with self.answer():
            self.runs[int(run_id, 16)].info.status = status

    def set_tag(self, run_id: str, key: str, value: str) -> None:
        self.runs[int(run_id, 16)].data.tags[key] = value

    def log_artifact(self, *_: object) -> None:
        with self.answer():
            pass

    def get_experiment_by_name(self, _: str) -> Any:
        return SimpleNamespace(experiment_id="1")

    def search_runs(self, *_: object, **__: object) -> list[Any]:
        with self.answer():
            return [run for run in self.runs if run.info.status != "FAILED"]

    def get_registered_model(self, _: str) -> Any:
        with self.answer():
            return SimpleNamespace(tags=dict(self.tags))

    def set_registered_model_tag(self, _: str, key: str, value: str) -> None:
        with self.answer():
            self.tags[key] = value

    def set_registered_model_alias(self, _: str, alias: str, version: str) -> None:
        with self.answer():
            self.aliases[alias] = version

    def champion(self, _: str, alias: str) -> str | None:
        with self.answer():
            return self.aliases.get(alias)

    def by_version(self, *_: str) -> Any:
        return SimpleNamespace(tags={})


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> SlowStore:
    """Threads stand for machines: none shares a lock with another, none can see another's processes."""
    made = SlowStore(3)
    host = threading.local()

    def tags() -> dict[str, str]:
        host.name = getattr(host, "name", f"machine-{threading.get_ident()}")
        return {**owner_tags(1), Tag.HOST: host.name}

    monkeypatch.setattr(module, "_alone", contextlib.nullcontext())
    monkeypatch.setattr(module, "own_tags", tags)
    for one in (module, entries):
        monkeypatch.setattr(one, "client", lambda: made)
    monkeypatch.setattr(module, "experiment", lambda _: "1")
    monkeypatch.setattr(module, "open_registry", lambda: made)
    monkeypatch.setattr(module, "version_behind", made.champion)
    monkeypatch.setattr(
        module, "set_champion", lambda name, version: made.set_registered_model_alias(name, CHAMPION, version)
    )
    monkeypatch.setattr(module, "POLL_S", 0.002)
    return made


def at_once(versions: list[str]) -> dict[str, str]:
    """Promote versions from threads that begin together, all judged against the champion; return what came of each."""
    found: dict[str, str] = {}
    start = threading.Barrier(len(versions))
    former = module.version_behind(NAME, CHAMPION)

    def one(version: str) -> None:
        start.wait()
        try:
            promote(NAME, version, RULE, YES, FIGURES, against=former)
            found[version] = "done"
        except RegistryError as error:
            found[version] = str(error)

    threads = [threading.Thread(target=one, args=(version,)) for version in versions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return found


def test_of_machines_that_promote_at_once_one_does(store: SlowStore) -> None:
    for turn in range(25):
        versions = [str(2 + 3 * turn + place) for place in range(3)]
        found = at_once(versions)
        winners = [version for version in versions if found[version] == "done"]
        assert len(winners) == 1, found
        assert store.aliases[CHAMPION] == winners[0]
        losers = [text for version, text in found.items() if version != winners[0]]
        assert all(
            text == f"{OVERTAKEN} {winners[0]} of {NAME}; look again." or text.endswith("meanwhile; compare again.")
            for text in losers
        )
        entries = history(NAME)
        assert len(entries) == turn + 1 and entries[-1].to_version == winners[0]
    failed = [run for run in store.runs if run.info.status == "FAILED"]
    assert len(failed) > 12, "many losers had stored their run: the claim decided, and not the first look"


def test_a_machine_that_stopped_in_the_middle_holds_nobody_up_for_ever(
    store: SlowStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LEASE_S", 0.5)

    def stop(*_: object) -> None:
        raise Killed

    def other() -> None:
        with contextlib.suppress(Killed):
            promote(NAME, "2", RULE, YES)

    with monkeypatch.context() as patch:
        patch.setattr(module, "set_champion", stop)
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert [run.info.status for run in store.runs] == ["FINISHED"] and store.aliases[CHAMPION] == "1"
    began = time.monotonic()
    assert promote(NAME, "3", RULE, YES).from_version == "1"
    assert time.monotonic() - began >= 0.5
    assert [run.info.status for run in store.runs] == ["FAILED", "FINISHED"]
    assert [entry.to_version for entry in history(NAME)] == ["3"]


def test_who_is_too_slow_to_be_waited_for_withdraws(store: SlowStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEASE_S", 0.2)
    monkeypatch.setattr(store, "log_artifact", lambda *_: time.sleep(0.3))
    with pytest.raises(RegistryError, match="received its answer later; try again"):
        promote(NAME, "2", RULE, YES)
    assert store.aliases[CHAMPION] == "1" and store.runs[0].info.status == "FAILED"


def test_who_came_first_waits_half_its_time_for_a_later_one_that_stands_still(
    store: SlowStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LEASE_S", 1.0)
    stored = module._store

    def beside_another(entry: Any, details: Any) -> str:
        mine = stored(entry, details)
        other = stored(entry.model_copy(update={"to_version": "3"}), {})
        store.runs[int(other, 16)].info.start_time = 2_000_000
        return mine

    monkeypatch.setattr(module, "_store", beside_another)
    began = time.monotonic()
    with pytest.raises(RegistryError, match="expected to be alone in changing the champion"):
        promote(NAME, "2", RULE, YES)
    assert 1.4 <= time.monotonic() - began < 2.6, "half a lease, and one until the other is given up"
    assert [run.info.status for run in store.runs] == ["FAILED", "FAILED"] and store.aliases[CHAMPION] == "1"
    assert store.runs[0].data.tags[Tag.REASON].startswith("expected to be alone")


PROMOTE = """
import sys, time
from pathlib import Path
from captcha_core.errors import CaptchaError
from captcha_core.registry import promotion
from captcha_core.registry.promotion import promote

carry_out = promotion._carry_out
def together(*arguments):
    Path(f"decided-{sys.argv[1]}").touch()
    while len(list(Path().glob("decided-*"))) < 3:
        time.sleep(0.01)
    return carry_out(*arguments)
promotion._carry_out = together
try:
    print("done", promote("captcha-tiny", sys.argv[1], forced=True, reason="at once").to_version)
except CaptchaError as error:
    print(error)
"""


@pytest.mark.slow
def test_of_three_processes_on_one_database_that_all_have_decided_one_promotes(registry: Path) -> None:
    for number in "45":
        client().create_model_version(NAME, str(registry / number), tags={Tag.BUNDLE_SHA256: number * 64})
    promote(NAME, "1")
    words = [sys.executable, "-c", PROMOTE]
    processes = [subprocess.Popen([*words, version], stdout=subprocess.PIPE, text=True) for version in "345"]
    said = [process.communicate(timeout=240)[0].strip() for process in processes]
    (winner,) = [text.removeprefix("done ") for text in said if text.startswith("done")]
    assert (
        sorted(text for text in said if not text.startswith("done"))
        == [f"{OVERTAKEN} {winner} of {NAME}; look again."] * 2
    )
    assert champions() == (winner, "1")
    assert [entry.to_version for entry in history(NAME)] == ["1", winner]


def test_a_rollback_and_a_promotion_at_once(store: SlowStore) -> None:
    store.aliases[PREVIOUS] = "0"
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def one(change: Any) -> None:
        start.wait()
        try:
            outcomes.append(change().to_version)
        except RegistryError as error:
            outcomes.append(str(error).partition(";")[0])

    changes = [lambda: rollback(NAME), lambda: promote(NAME, "2", RULE, YES, against="1")]
    threads = [threading.Thread(target=one, args=(change,)) for change in changes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    (done,) = {"0", "2"} & set(outcomes)
    assert store.aliases[CHAMPION] == done and len(history(NAME)) == 1


def test_a_version_deleted_while_it_was_promoted_never_becomes_champion(
    registry: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(NAME, "1")
    stored = module._store

    def and_delete(*arguments: Any) -> str:
        client().delete_model_version(NAME, "2")
        return stored(*arguments)

    monkeypatch.setattr(module, "_store", and_delete)
    with pytest.raises(RegistryError, match="expected version 2"):
        promote(NAME, "2", RULE, YES, FIGURES)
    assert champions() == ("1", None) and len(history(NAME)) == 1
