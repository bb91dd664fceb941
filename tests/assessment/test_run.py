"""An assessment keeps every row as it ends, goes on after a kill, and says who had no time."""

from dataclasses import asdict, replace
from pathlib import Path

import pytest

from captcha_core.assessment.attackers import Attacker, Row
from captcha_core.assessment.money import Prices
from captcha_core.assessment.run import ROWS, Assessment, begin, findings, train_all
from captcha_core.assessment.target import Target, open_target
from captcha_core.assessment.trained import Place, can_go_on
from captcha_core.dataset.in_memory import with_split, write_samples
from captcha_core.dataset.split import KEEP
from captcha_core.errors import DataError, ModelError
from captcha_core.files import write_json
from captcha_core.spec.sample import Sample
from captcha_core.training.checkpoint import Progress
from captcha_core.workflows.plan import plan_training
from tests.assessment.fakes import SPEC, row, samples, target

MINUTE_S = 60.0


def started(folder: Path, hours: float, resume: bool = False) -> Assessment:
    return begin("fake", folder, hours, Prices(), resume)


def trained(one: Assessment, pool: int = 60, wall_s: float = 2 * MINUTE_S) -> list[str]:
    """Train with a fake that takes its time on paper; return who was trained."""
    asked: list[str] = []

    def train(attacker: Attacker, mine: Target, place: Place, minutes: float) -> Row:
        asked.append(attacker.key)
        if attacker.labels == 25:
            raise ModelError("expected a finite loss, received nan")
        done = row(attacker.key, "labels", 50, labels=attacker.labels, draw=attacker.draw)
        return done.model_copy(update={"wall_s": wall_s, "minutes": minutes})

    one.train = train
    train_all(one, target(pool), Place(one.folder, "", None), 0.0)  # type: ignore[arg-type]
    return asked


def test_every_attacker_has_a_row_and_one_that_cannot_be_trained_says_why(tmp_path: Path) -> None:
    one = started(tmp_path / "a", hours=1)
    assert trained(one) == [f"labels-{size}-{draw}" for draw in (1, 2, 3) for size in (50, 25)]
    failed = [mine for mine in one.rows if mine.state == "failed"]
    assert len(failed) == 3 and "finite loss" in failed[0].reason
    assert findings(one, target(60)).complete


def test_who_has_no_time_is_named_and_has_his_turn_with_more_hours(tmp_path: Path) -> None:
    one = started(tmp_path / "a", hours=2.5 / 60)
    assert trained(one) == ["labels-50-1"]
    found = findings(one, target(60))
    assert [mine.key for mine in found.missing if "no time" in mine.reason] == ["labels-25-1"]
    assert not found.complete and "no time was left" in found.missing[0].reason
    more = started(tmp_path / "a", hours=1, resume=True)
    assert [mine.key for mine in more.rows] == ["labels-50-1"] and more.used_s == 2 * MINUTE_S
    assert "labels-50-1" not in trained(more)
    assert findings(more, target(60)).complete


def test_a_line_that_a_kill_cut_off_is_passed_over(tmp_path: Path) -> None:
    one = started(tmp_path / "a", hours=1)
    one.add(row("labels-50-1", "labels", 50, labels=50, draw=1))
    with (tmp_path / "a" / ROWS).open("a", encoding="utf-8") as file:
        file.write('{"key": "labels-25-1", "ki')
    again = started(tmp_path / "a", hours=1, resume=True)
    assert [mine.key for mine in again.rows] == ["labels-50-1"]
    assert again.rows[0] == one.rows[0]


def test_a_folder_is_never_taken_for_another_assessment(tmp_path: Path) -> None:
    started(tmp_path / "a", hours=1)
    with pytest.raises(DataError, match="with an assessment of fake; give --resume"):
        started(tmp_path / "a", hours=1)
    with pytest.raises(DataError, match="expected to go on with fake"):
        begin("digits4", tmp_path / "a", 1.0, Prices(), resume=True)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "mine.txt").write_text("x", encoding="utf-8")
    with pytest.raises(DataError, match="expected a new or empty folder"):
        started(tmp_path / "b", hours=1)
    with pytest.raises(DataError, match="expected room and permission to write|expected a new or empty folder"):
        started(tmp_path / "b" / "mine.txt" / "c", hours=1)


def test_a_set_without_a_test_split_has_a_fifth_held_out_and_says_so(tmp_path: Path) -> None:
    drawn = [with_split(sample, "train") for sample in samples(50)]
    write_samples(tmp_path / "set", SPEC, drawn, "fake", KEEP)
    found = open_target(str(tmp_path / "set"), tmp_path / "work")
    assert (len(found.pool), len(found.tested)) == (40, 10)
    assert "no labelled test split: 10 captchas" in " ".join(found.remarks)
    assert {one.id for one in found.tested}.isdisjoint(one.id for one in found.pool)


def test_nothing_labelled_and_nothing_at_all_are_errors(tmp_path: Path) -> None:
    unread = [Sample(sample.media, None) for sample in samples(5)]
    write_samples(tmp_path / "set", SPEC, unread, "fake")
    with pytest.raises(DataError, match="expected labelled captchas"):
        open_target(str(tmp_path / "set"), tmp_path / "work")
    with pytest.raises(DataError, match="expected a scheme .*digits4.* received 'no-such'"):
        open_target("no-such", tmp_path / "work")


def test_one_class_is_remarked(tmp_path: Path) -> None:
    same = [Sample(sample.media, "012") for sample in samples(40)]
    write_samples(tmp_path / "set", SPEC, same, "fake", "0.8/0/0.2")
    assert "Every captcha has the text '012'" in " ".join(open_target(str(tmp_path / "set"), tmp_path / "work").remarks)


def test_a_training_goes_on_only_where_its_own_checkpoint_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plan = replace(plan_training("digits4"), run_id="a" * 32)
    assert not can_go_on(plan)
    state = tmp_path / "runs" / plan.run_id / "last" / "progress.json"
    state.parent.mkdir(parents=True)
    for recipe, goes_on in ((plan.task.record(), True), ({**plan.task.record(), "spec": {}}, False)):
        write_json(state, asdict(Progress(recipe=recipe)))
        assert can_go_on(plan) == goes_on
    state.write_text("{", encoding="utf-8")
    assert not can_go_on(plan)
