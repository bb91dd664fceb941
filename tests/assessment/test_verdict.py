"""The verdict says who, how often, for what and against what; it claims no more than n captchas show."""

import pytest

from captcha_core.assessment.money import HUMAN_LOW, Prices, cost_of, dollars
from captcha_core.assessment.people import Measured
from captcha_core.assessment.verdict import percent
from captcha_core.evaluation.metrics import Proportion
from tests.assessment.fakes import effect, findings, left_out, row


def test_it_names_the_strongest_and_the_cheapest_who_breaks_it() -> None:
    said = findings([
        row("builtin", "stock", 8),
        row("labels-100-1", "labels", 60, labels=100, draw=1),
        row("labels-100-2", "labels", 70, labels=100, draw=2),
        row("labels-400-1", "labels", 95, labels=400, draw=1),
    ]).verdict  # fmt: skip
    assert said.grade == "broken"
    assert "learnt from 400 labels passes 95.0 % of these captchas (95 % interval 88.8 % to 97.8 %, n = 100), at" in (
        said.sentence
    )
    assert said.who.startswith("Anybody with builtin, without a label (8.0 %); most of all anybody")
    assert "nearly all within 3 tries" in said.rate
    assert said.cost.startswith("For 8.0 % nothing to begin with; for 95.0 % $0.40 once (33 minutes of typing labels, ")
    assert "2.0 processor minutes" in said.cost


def test_whoever_pays_least_is_spoken_of_where_more_labels_gain_nothing_that_is_shown() -> None:
    rows = [row("The reader", "stock", 94), row("labels-200-1", "labels", 96, labels=200, draw=1)]
    said = findings(rows).verdict
    assert said.sentence.startswith("The reader, without a single label, passes 94.0 %")
    assert said.who == "Anybody with the reader, without a label; with 200 labels 96.0 %, which may be chance"
    assert "labels" not in said.cost
    far = [row("The reader", "stock", 90), row("labels-200-1", "labels", 96, labels=200, draw=1)]
    assert "learnt from 200 labels passes 96.0 %" in findings(far).verdict.sentence


def test_draws_are_joined_with_their_spread() -> None:
    (group,) = findings(
        [row(f"labels-50-{n}", "labels", hits, labels=50, draw=n) for n, hits in ((1, 20), (2, 40))]
    ).groups
    assert group.share == Proportion(30, 100)
    assert group.spread == (0.2, 0.4)


def test_no_hit_is_a_bound_and_no_proof() -> None:
    said = findings([row("builtin", "stock", 0, n=150)]).verdict
    assert "None of the machines tried read one of 150 captchas" in said.sentence
    assert "under 2.0 %" in said.sentence
    assert said.grade == "holds"
    assert [line.holds for line in said.lines] == [
        "not decided by this many captchas", "holds", "holds",
    ]  # fmt: skip


def test_the_lines_need_people_where_they_speak_of_people() -> None:
    rows = [row("builtin", "stock", 0, n=1000)]
    unknown, good, bad = (
        findings(rows, people=people).verdict.lines[0].holds
        for people in (None, Measured(Proportion(95, 100), 7.0, 3, 90), Measured(Proportion(50, 100), 9.0, 3, 90))
    )
    assert unknown == "holds for these machines; people were not measured"
    assert (good, bad) == ("holds", "machines hold it, people are not shown to")


def test_a_knob_that_stops_a_retrained_machine_comes_first_and_one_that_does_not_comes_second() -> None:
    rows = [row("generator", "generator", 99)]
    stops = [effect("wave", "12", 5, [10, 12]), effect("dots", "250", 100, [480, 485])]
    assert "wave at 12 costs a retrained machine most: 98.0 % becomes 2.2 %" in findings(rows, stops).verdict.steps[0]
    fails = [effect("dots", "250", 0, [430, 435])]
    steps = findings(rows, fails).verdict.steps
    assert "Limit tries to 3 an hour" in steps[0] and "dots at 250" in steps[1]


def test_a_knob_that_may_have_changed_nothing_is_not_advised() -> None:
    by_chance = [effect("dots", "250", 0, [480, 485])]
    unlearnt = [effect("noise", "20", 0, [0, 0]).model_copy(update={"base_hits": 1})]
    for effects in (by_chance, unlearnt):
        steps = findings([row("generator", "generator", 99)], effects).verdict.steps
        assert not [step for step in steps if "retrained machine" in step]


def test_without_time_it_says_so() -> None:
    found = findings([left_out("labels-400-1", "no time was left")], complete=False)
    assert found.verdict.grade == "unknown" and "Nobody was tried" in found.verdict.sentence
    partly = findings([row("builtin", "stock", 0, n=30), left_out("labels-400-1", "no time")], complete=False)
    assert "of what there was time for" in partly.verdict.sentence


def test_shares_have_the_digits_that_say_something() -> None:
    shares = (0.0, 0.00004, 0.0004, 0.004, 0.5, 0.9996, 0.99999, 1.0)
    assert [percent(share) for share in shares] == [
        "0 %", "under 0.01 %", "0.04 %", "0.4 %", "50.0 %", "99.96 %", "over 99.99 %", "100 %",
    ]  # fmt: skip


def test_money_is_counted_a_pass_and_not_a_try() -> None:
    (group,) = findings([row("labels-100-1", "labels", 50, labels=100, draw=1)]).groups
    cost = cost_of(group, Prices(processor_hour=3.6, label=0.001))
    assert cost.once == 0.1 + 120 / 3600 * 3.6
    assert cost.per_1000 is not None and abs(cost.per_1000 - 1000 * 0.5e-3 / 3600 * 3.6 / 0.5) < 1e-12
    assert cost.pays_after == round(cost.once / ((HUMAN_LOW - cost.per_1000) / 1000))
    (nobody,) = findings([row("builtin", "stock", 0)]).groups
    assert cost_of(nobody, Prices()).per_1000 is None and cost_of(nobody, Prices()).pays_after is None


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (0, "nothing"),
        (9e-05, "$0.0001"),
        (4e-05, "under $0.0001"),
        (0.0052, "$0.0052"),
        (0.4, "$0.40"),
        (1234, "$1,234.00"),
    ],
)
def test_an_amount_is_written_as_people_write_it(amount: float, words: str) -> None:
    assert dollars(amount) == words
