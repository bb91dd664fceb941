"""Champions come and go by rule or by force, and every change stays in the history."""

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from captcha_core.errors import RegistryError
from captcha_core.evaluation.promotion_rule import Contender, PromotionRule, Verdict
from captcha_core.registry import promotion as module
from captcha_core.registry.history import Entry, history, moved_outside
from captcha_core.registry.lookup import open_registry
from captcha_core.registry.promotion import promote, rollback
from captcha_core.registry.repair import half_promoted
from captcha_core.registry.versions import CHAMPION, PREVIOUS, version_behind
from captcha_core.tracking.connect import client
from captcha_core.tracking.names import Tag
from captcha_core.tracking.provenance import own_tags, owner_tags, user
from tests.commands.walk import run

NAME = "captcha-tiny"
RULE = PromotionRule()
FIGURES = {"champion": {"exact_match": 0.9}, "challenger": {"exact_match": 0.95}}


def verdict(gained: int, lost: int) -> Verdict:
    champion = np.array([True] * 1900 + [False] * gained + [True] * lost)
    challenger = np.array([True] * 1900 + [True] * gained + [False] * lost)
    return RULE.judge(Contender("old", champion, 1.0, 10), Contender("new", challenger, 1.0, 10))


YES, NO = verdict(50, 5), verdict(5, 50)


@pytest.fixture(scope="module")
def filled_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three versions of one model, none of them champion; made once, since making tables takes seconds."""
    from mlflow import MlflowClient

    folder = tmp_path_factory.mktemp("filled")
    mine = MlflowClient(f"sqlite:///{folder}/mlflow.db")
    mine.create_registered_model(NAME)
    for number in "123":
        mine.create_model_version(NAME, str(folder / number), tags={Tag.BUNDLE_SHA256: number * 64})
    return folder / "mlflow.db"


@pytest.fixture
def registry(empty_folder: Path, filled_database: Path) -> Path:
    shutil.copy(filled_database, empty_folder / "mlflow.db")
    return empty_folder


def champions() -> tuple[str | None, str | None]:
    return version_behind(NAME, CHAMPION), version_behind(NAME, PREVIOUS)


def test_a_life_of_champions(registry: Path) -> None:
    first = promote(NAME, "1", by="ada")
    assert champions() == ("1", None)
    second = promote(NAME, "2", RULE, YES, FIGURES, "d" * 64, by="bob")
    assert champions() == ("2", "1")
    third = promote(NAME, "3", forced=True, reason=" the old one is too slow on the new server ")
    assert champions() == ("3", "2")
    back = rollback(NAME, "it was not", by="ada")
    assert champions() == ("2", "3")
    forth = rollback(NAME)
    assert champions() == ("3", "2")

    entries = history(NAME)
    assert entries == [first, second, third, back, forth]
    assert [(entry.action, entry.from_version, entry.to_version) for entry in entries] == [
        ("promote", None, "1"),
        ("promote", "1", "2"),
        ("promote", "2", "3"),
        ("rollback", "3", "2"),
        ("rollback", "2", "3"),
    ]
    assert [entry.by for entry in entries][:2] == ["ada", "bob"]
    assert entries[2].by == f"{user()}@{platform.node()}"
    assert (second.data_digest, second.exact_match, second.bundle_sha256) == ("d" * 64, (0.95, 0.9), "2" * 64)
    assert second.verdict[0].startswith("yes: exact match")
    assert (third.forced, third.reason) == (True, "the old one is too slow on the new server")
    assert moved_outside(NAME, entries) is None


def test_the_artifact_holds_rule_and_figures(registry: Path) -> None:
    promote(NAME, "1")
    entry = promote(NAME, "2", RULE, YES, FIGURES, "d" * 64)
    path = Path(client().download_artifacts(entry.run_id, "promotion.json"))
    stored = json.loads(path.read_text(encoding="utf-8"))
    assert stored["rule"] == RULE.model_dump()
    assert stored["figures"] == FIGURES
    assert Entry.model_validate({key: stored[key] for key in Entry.model_fields}) == entry
    assert client().get_run(entry.run_id).info.status == "FINISHED"


@pytest.mark.parametrize("verdict", [None, NO])
def test_without_a_verdict_in_favour_nothing_changes(registry: Path, verdict: Verdict | None) -> None:
    promote(NAME, "1")
    with pytest.raises(RegistryError, match="expected a verdict in favour of version 2"):
        promote(NAME, "2", RULE, verdict)
    with pytest.raises(RegistryError, match="expected a reason"):
        promote(NAME, "2", RULE, verdict, forced=True, reason=" ")
    assert champions() == ("1", None)
    assert len(history(NAME)) == 1
    forced = promote(NAME, "2", RULE, verdict, forced=True, reason="must be")
    assert (forced.forced, champions()) == (True, ("2", "1"))


class Killed(BaseException):
    """What nothing catches."""


Cut = Callable[[str, Callable[[], object]], None]


@pytest.fixture
def cut_before(registry: Path, monkeypatch: pytest.MonkeyPatch) -> Cut:
    """Let a change be cut before a step, in a process that is gone afterwards."""

    def die(*_: object, **__: object) -> None:
        raise Killed

    def cut(step: str, change: Callable[[], object]) -> None:
        gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
        tags = {**own_tags(), "captchalab.pid": gone.stdout.strip()}
        with monkeypatch.context() as patch:
            patch.setattr(module, "own_tags", lambda: tags)
            patch.setattr(module, step, die)
            with pytest.raises(Killed):
                change()

    return cut


@pytest.mark.parametrize("again", [True, False], ids=["promoted again", "repaired"])
def test_a_promotion_cut_after_the_alias_was_moved_comes_into_the_history_once(
    registry: Path, cut_before: Cut, again: bool
) -> None:
    promote(NAME, "1")
    cut_before("_write", lambda: promote(NAME, "2", forced=True, reason="must be"))
    assert champions() == ("2", "1") and len(history(NAME)) == 1
    if again:
        promote(NAME, "2", forced=True, reason="must be")
    else:
        assert [entry.to_version for entry in half_promoted()] == ["2"]
    assert half_promoted() == []
    entries = history(NAME)
    assert [(entry.to_version, entry.reason) for entry in entries] == [("1", ""), ("2", "must be")]
    assert json.loads(
        Path(client().download_artifacts(entries[1].run_id, "promotion.json")).read_text(encoding="utf-8")
    )["forced"]
    assert promote(NAME, "3", forced=True, reason="better").from_version == "2"


def test_a_promotion_cut_before_the_alias_was_moved_never_happened(registry: Path, cut_before: Cut) -> None:
    promote(NAME, "1")
    promote(NAME, "2", forced=True, reason="first")
    cut_before("set_champion", lambda: promote(NAME, "3", forced=True, reason="second"))
    client().set_registered_model_alias(NAME, PREVIOUS, "2")  # the kill came within the move
    assert half_promoted() == []
    assert champions() == ("2", "1") and len(history(NAME)) == 2
    place = client().get_experiment_by_name(module.EXPERIMENT).experiment_id
    runs = client().search_runs([place], order_by=["attributes.start_time DESC"])
    assert [run.info.status for run in runs] == ["FAILED", "FINISHED", "FINISHED"]
    assert runs[0].data.tags[Tag.REASON] == "it was cut before the alias was moved"
    assert promote(NAME, "3", forced=True, reason="second").from_version == "2"


def test_a_change_that_was_cut_and_overtaken_is_not_written_later(registry: Path, cut_before: Cut) -> None:
    for version in "121":
        promote(NAME, version, forced=True, reason="it must be")
    cut_before("_write", lambda: promote(NAME, "3", forced=True, reason="cut"))
    newer = history(NAME)[-1].model_copy(update={"at": "9999-01-01", "from_version": "3", "to_version": "2"})
    client().set_registered_model_tag(
        NAME, f"{Tag.PROMOTION}9999", newer.model_dump_json()
    )  # another machine was at it
    client().set_registered_model_alias(NAME, PREVIOUS, "1")
    assert half_promoted() == [] and len(history(NAME)) == 4
    assert champions() == ("3", "1"), "what the other machine did stays"


def test_the_previous_champion_is_that_of_the_newest_entry(registry: Path, cut_before: Cut) -> None:
    for version in "1231":
        promote(NAME, version, forced=True, reason="it must be")
    cut_before("set_champion", lambda: promote(NAME, "2", forced=True, reason="cut"))
    client().set_registered_model_alias(NAME, PREVIOUS, "1")  # the kill came within the move
    assert half_promoted() == [] and champions() == ("1", "3")


@pytest.mark.parametrize("cut", ["rollback", "promote"])
def test_a_rollback_after_a_change_that_was_cut(registry: Path, cut_before: Cut, cut: str) -> None:
    promote(NAME, "1")
    promote(NAME, "2", forced=True, reason="newer")
    changes = {
        "rollback": lambda: rollback(NAME, "first"),
        "promote": lambda: promote(NAME, "3", forced=True, reason="first"),
    }
    cut_before("_write", changes[cut])
    entry = rollback(NAME, "second")
    found = [(one.action, one.from_version, one.to_version, one.reason) for one in history(NAME)][2:]
    if cut == "rollback":
        assert found == [("rollback", "2", "1", "first")] and entry.reason == "first", "it is done already"
    else:
        assert found == [("promote", "2", "3", "first"), ("rollback", "3", "2", "second")]


def test_who_did_it_is_the_account_at_the_server_where_there_is_one(
    registry: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ada")
    assert promote(NAME, "1").by == f"ada@{platform.node()}"


def test_a_promotion_of_a_living_process_is_left_alone(registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_: object) -> None:
        raise Killed

    monkeypatch.setattr(module, "own_tags", lambda: owner_tags(os.getppid()))
    monkeypatch.setattr(module, "_write", die)
    with pytest.raises(Killed):
        promote(NAME, "1")
    assert half_promoted() == []
    assert history(NAME) == []


def test_an_entry_that_mlflow_did_not_take_is_written_later(registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        assert half_promoted() == [], "what this process is at is left alone"
        raise ConnectionError("away")

    promote(NAME, "1")
    with monkeypatch.context() as patch:
        patch.setattr(module, "_write", away)
        with pytest.raises(ConnectionError):
            promote(NAME, "2", forced=True, reason="must be")
    promote(NAME, "3", forced=True, reason="better")
    assert [(entry.from_version, entry.to_version) for entry in history(NAME)] == [(None, "1"), ("1", "2"), ("2", "3")]


def test_what_cannot_be_promoted(registry: Path) -> None:
    with pytest.raises(RegistryError, match="expected version 9"):
        promote(NAME, "9")
    with pytest.raises(RegistryError, match="expected a registered model"):
        history("nobody")
    promote(NAME, "1")
    with pytest.raises(RegistryError, match="not champion yet"):
        promote(NAME, "1", forced=True, reason="again")
    with pytest.raises(RegistryError, match="expected a previous champion"):
        rollback(NAME)
    assert len(history(NAME)) == 1


def test_a_verdict_counts_against_the_champion_it_was_made_with(registry: Path) -> None:
    promote(NAME, "1")
    promote(NAME, "2", RULE, YES, FIGURES, against="1")  # while the third was compared with the first
    with pytest.raises(RegistryError, match="expected version 1 as champion, .* received version 2"):
        promote(NAME, "3", RULE, YES, FIGURES, against="1")
    assert champions() == ("2", "1")
    promote(NAME, "3", RULE, YES, FIGURES, against="1", forced=True, reason="it is newer")
    assert champions() == ("3", "2")


def test_a_change_by_hand_is_noticed(registry: Path) -> None:
    assert moved_outside(NAME, history(NAME)) is None
    promote(NAME, "1")
    client().set_registered_model_alias(NAME, CHAMPION, "3")
    assert moved_outside(NAME, history(NAME)) == "3"
    assert open_registry().by_alias(NAME, CHAMPION).version == "3"


def test_a_damaged_history_is_said(registry: Path) -> None:
    promote(NAME, "1")
    client().set_registered_model_tag(NAME, "captchalab.promotion.0", "{}")
    with pytest.raises(RegistryError, match="do not edit"):
        history(NAME)


def test_very_long_reasons_still_fit_into_a_tag(registry: Path) -> None:
    entry = promote(NAME, "1", forced=True, reason="because " * 2000)
    assert history(NAME) == [entry]
    assert len(entry.reason) == 1000


def test_doctor_finds_a_cut_promotion_among_many_models(
    registry: Path, cut_before: Cut, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(101):  # MLflow's first page has a hundred
        client().create_registered_model(f"a-{number}")
    cut_before("_write", lambda: promote(NAME, "1"))
    assert run("doctor") == 1
    said = capsys.readouterr().out
    assert "102 registered models" in said
    assert f"a promotion of {NAME} was cut by a kill; captchalab doctor --repair" in said
    assert run("doctor", "--repair") == 0
    assert run("doctor") == 0
    assert [entry.to_version for entry in history(NAME)] == ["1"]


def test_a_previous_champion_that_is_the_champion_is_none(registry: Path) -> None:
    promote(NAME, "1")
    client().set_registered_model_alias(NAME, PREVIOUS, "1")  # by hand
    with pytest.raises(RegistryError, match="expected a previous champion"):
        rollback(NAME)
    promote(NAME, "2", forced=True, reason="newer")
    client().set_registered_model_alias(NAME, CHAMPION, "3")  # by hand: the next change starts from what is there
    assert promote(NAME, "1", forced=True, reason="older").from_version == "3"
    assert champions() == ("1", "3")
