"""Who attacks, in which order, with which labels and how much time."""

import sys
from types import ModuleType

import pytest

from captcha_core.assessment.attackers import Attacker, too_poor, trained_attackers
from captcha_core.assessment.hours import FLOOR_MIN, affordable, minutes_for_next
from captcha_core.assessment.stock import READERS, attack_with_stock, judged
from captcha_core.assessment.target import LABEL_S, Target
from captcha_core.assessment.trained import drawn_labels
from tests.assessment.fakes import SPEC, samples, target


def test_every_size_has_a_draw_before_any_has_two() -> None:
    keys = [attacker.key for attacker in trained_attackers(target(pool=120))]
    assert keys[:3] == ["labels-100-1", "labels-50-1", "labels-25-1"]
    assert keys[3:] == [f"labels-{size}-{draw}" for draw in (2, 3) for size in (100, 50, 25)]
    assert trained_attackers(target(pool=120, drawn=True))[0].key == "generator"


def test_all_labels_are_a_size_where_they_are_clearly_more() -> None:
    assert trained_attackers(target(pool=150))[0].labels == 150
    assert {attacker.labels for attacker in trained_attackers(target(pool=12))} == {12}
    assert trained_attackers(target(pool=0)) == []


def test_too_few_labels_have_a_row_that_says_so() -> None:
    rows = too_poor(target(pool=60))
    assert [row.labels for row in rows] == [100, 200, 400]
    assert rows[0].reason == "expected 100 labelled captchas, received 60; label more."


def test_labels_are_drawn_anew_and_some_are_set_aside() -> None:
    pool = samples(60)
    first, second = (drawn_labels(pool, Attacker("x", "labels", "", 50, draw)) for draw in (1, 2))
    assert len(first) == 50 and {one.id for one in first} != {one.id for one in second}
    assert sum(one.origin["split"] == "validation" for one in first) == 6
    assert (
        sum(one.origin["split"] == "validation" for one in drawn_labels(pool, Attacker("x", "labels", "", 25, 1))) == 4
    )


def test_the_time_is_divided_and_who_has_none_waits() -> None:
    waiting = [Attacker(str(n), "labels", "", 100, 1) for n in range(4)]
    assert minutes_for_next(waiting, 4 * 60 + 4 * 30, overhead_s=30) == 1.0
    assert affordable(waiting, 60 * FLOOR_MIN + 29, overhead_s=30) == 0
    assert minutes_for_next(waiting, 60 * FLOOR_MIN + 29, overhead_s=30) == 0.0
    assert minutes_for_next(waiting, 2 * (60 * FLOOR_MIN + 30), overhead_s=30) == FLOOR_MIN
    assert minutes_for_next(waiting, 10**6) == 10.0
    heavy = [Attacker("generator", "generator", "", weight=3.0), *waiting[:1]]
    assert minutes_for_next(heavy, 4 * 60 + 60, overhead_s=30) == 3.0


def test_one_class_is_passed_by_whoever_types_it() -> None:
    same = [one.__class__(one.media, "01") for one in samples(40)]
    row = attack_with_stock(Attacker("commonest", "guess", "Nobody"), Target("x", "x", SPEC, same, same, None, ""))
    assert row.share.value == 1.0 and row.confidences == []


def test_a_reader_that_is_not_installed_or_of_another_medium_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ddddocr", None)
    if "ddddocr" not in sys.modules or sys.modules["ddddocr"] is None:
        monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    row = attack_with_stock(Attacker("ddddocr", "stock", "ddddocr"), target())
    assert row.state == "left out" and "ddddocr is not installed" in row.reason


def test_a_foreign_reader_is_asked_and_case_is_folded_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    truth = target(tested=20)
    module = ModuleType("ddddocr")
    by_media = {sample.media: sample.text for sample in truth.tested}
    module.DdddOcr = lambda **_: type("Engine", (), {"classification": lambda _, media: f"{by_media[media]}"})()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ddddocr", module)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: object())
    row = attack_with_stock(Attacker("ddddocr", "stock", "ddddocr"), truth)
    assert row.share.value == 1.0 and row.ms is not None
    monkeypatch.setattr("captcha_core.assessment.stock.ENOUGH", 5)
    hurried = attack_with_stock(Attacker("ddddocr", "stock", "ddddocr"), truth, most_s=0.0)
    assert (hurried.share.hits, hurried.share.n) == (5, 5)
    assert set(READERS) == {"builtin", "ddddocr", "ddddocr-beta"}


def test_texts_outside_the_alphabet_are_wrong_and_break_nothing() -> None:
    truth = target(tested=3)
    row = judged(Attacker("x", "stock", "x"), truth, [("zz", None), (None, None), (truth.tested[2].text, None)])
    assert row.right == [False, False, True]
    assert truth.label_s == LABEL_S
