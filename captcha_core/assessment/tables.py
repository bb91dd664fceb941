"""The tables of a report as rows of text, for HTML and Markdown alike."""

from collections.abc import Sequence
from dataclasses import dataclass

from captcha_core.assessment.attackers import Group
from captcha_core.assessment.findings import Findings
from captcha_core.assessment.money import HUMAN_HIGH, HUMAN_LOW, HUMAN_SOURCE, cost_of, dollars
from captcha_core.assessment.people import PUBLISHED
from captcha_core.assessment.verdict import percent, sure_point
from captcha_core.evaluation.risk import TRIES, captchas_to_prove, most_that_zero_hits_allow, success_within


@dataclass(frozen=True)
class Table:
    """A table: the columns' names, and rows of cells; ``numbers`` are the columns that are set to the right."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: frozenset[int] = frozenset()


def attackers(found: Findings) -> Table:
    """Return who reads how much, for what."""
    columns = ("attacker", "exact match", "95 % interval", "n", "characters", "typing", "processor", "a captcha")
    rows = [_attacker(found, group) for group in found.groups]
    rows += [(row.title, row.state, row.reason, "", "", "", "", "") for row in found.missing]
    return Table(columns, rows, frozenset(range(3, 8)))


def _attacker(found: Findings, group: Group) -> tuple[str, ...]:
    low, high = group.share.interval
    first, last = group.spread
    cost = cost_of(group, found.prices, found.target.label_s)
    draws = f" (draws: {percent(first)} to {percent(last)})" if len(group.rows) > 1 else ""
    bound = "" if group.share.hits else f" (under {percent(most_that_zero_hits_allow(group.share.n))})"
    folded = max(row.folded for row in group.rows)
    loose = (
        f"; {percent(folded / group.share.n)} with case folded"
        if folded > max(sum(r.right) for r in group.rows)
        else ""
    )
    return (
        group.title,
        f"{percent(group.share.value)}{draws}{bound}{loose}",
        f"{percent(low)} to {percent(high)}",
        f"{group.share.n:,}",
        percent(group.characters),
        f"{cost.label_minutes:.0f} min" if group.labels else "-",
        f"{cost.processor_minutes:.1f} min" if group.processor_s else "-",
        "-" if group.ms is None else f"{group.ms:.0f} ms" if group.ms >= 10 else f"{group.ms:.2g} ms",
    )


def refreshing(found: Findings) -> Table:
    """Return what each gets who may ask for another captcha, or may try again."""
    columns = ("attacker", *(f"{tries} {'try' if tries == 1 else 'tries'}" for tries in TRIES), "waits for 99.5 %")
    rows = [
        (group.title, *(percent(success_within(group.share.value, tries)) for tries in TRIES), _sure(group))
        for group in found.groups
    ]
    return Table(columns, rows, frozenset(range(1, 1 + len(TRIES))))


def _sure(group: Group) -> str:
    if not group.typical.confidences:
        return "names no confidence"
    point = sure_point(group)
    if point is None:
        return "never that sure"
    low, high = point.right.interval
    return (
        f"answers {percent(point.answered.value)} from confidence {point.min_confidence:.3g} on: "
        f"{percent(point.right.value)} right ({percent(low)} to {percent(high)}, n = {point.right.n:,})"
    )


def money(found: Findings) -> Table:
    """Return what each pays, beside people who type for money."""
    rows = []
    for group in found.groups:
        cost = cost_of(group, found.prices, found.target.label_s)
        each = "-" if cost.per_1000 is None else dollars(cost.per_1000)
        after = (
            "never" if cost.pays_after is None else f"{cost.pays_after:,} passes" if cost.pays_after else "the first"
        )
        rows.append((group.title, dollars(cost.once), each, after))
    rows.append(("People who type for money", "-", f"${HUMAN_LOW:.2f} to ${HUMAN_HIGH:.2f}", "-"))
    return Table(("attacker", "once", "for 1,000 passes", "cheaper than people after"), rows, frozenset((1, 2, 3)))


def money_note(found: Findings) -> str:
    """Return what the prices are."""
    prices = found.prices
    return (
        f"Labels are bought at {dollars(1000 * prices.label)} for 1,000, the upper price of people who type; a "
        f"processor costs {dollars(prices.processor_hour)} an hour (--processor-hour). Source: {HUMAN_SOURCE}. "
        "Addresses, accounts and whoever runs the attack are not in it."
    )


def people(found: Findings) -> Table:
    """Return how people fare, here and as published."""
    rows = []
    if found.people is not None:
        low, high = found.people.right.interval
        rows.append((
            "Measured here", f"{percent(found.people.right.value)} ({percent(low)} to {percent(high)})",
            f"{found.people.seconds:.1f}", f"{found.people.people} people, {found.people.captchas} captchas, "
            f"n = {found.people.right.n}", "the dashboard's page You against the model",
        ))  # fmt: skip
    for one in PUBLISHED:
        if one.media == found.target.spec.media:
            share = percent(one.low) if one.low == one.high else f"{percent(one.low)} to {percent(one.high)}"
            rows.append(("Published", share, one.seconds, one.who, one.source))
    return Table(("people", "right", "seconds", "who", "source"), rows)


def lines(found: Findings) -> Table:
    """Return the published lines and on which side of each the captcha lies."""
    rows = [(line.words, line.holds, line.figure, line.source) for line in found.verdict.lines]
    return Table(("line", "here", "figure", "source"), rows)


def knobs(found: Findings) -> Table:
    """Return what each level of each knob does."""
    rows = []
    for effect in found.effects:
        again = effect.retrained
        seeds = ", ".join(percent(hits / effect.tests) for hits in effect.by_seed)
        words = f"{effect.level} (as it is)" if effect.is_base and effect.level != "as it is" else effect.level
        if effect.reason:
            rows.append((effect.label, words, "-", f"could not be had: {effect.reason}", "-", "-"))
        elif again is None:
            rows.append((effect.label, words, percent(effect.fixed.value), "no time", "-", f"{effect.tests:,}"))
        else:
            low, high = again.interval
            spread = f"{percent(low)} to {percent(high)}" + (f" ({seeds})" if len(effect.by_seed) > 1 else "")
            shares = (percent(effect.fixed.value), percent(again.value))
            rows.append((effect.label, words, *shares, spread, f"{again.n:,}"))
    return Table(
        ("knob", "level", "fixed reader", "retrained", "95 % interval (seeds)", "n"), rows, frozenset((2, 3, 5))
    )


def slices(found: Findings) -> Table:
    """Return which captchas the strongest attacker reads less."""
    rows = []
    for one in found.slices:
        low, high = one.share.interval
        rows.append(
            (one.by, one.value, percent(one.share.value), f"{percent(low)} to {percent(high)}", f"{one.share.n:,}")
        )
    return Table(("slice", "value", "exact match", "95 % interval", "n"), rows, frozenset((2, 4)))


def notes(found: Findings) -> list[str]:
    """Return what a reader has to know of how the figures came about."""
    target = found.target
    measured = "as the label log has it" if target.label_s != 5.0 else "5 s a label, not measured here"
    said = [
        f"{len(target.tested):,} captchas that no attacker learnt from judge all of them; {len(target.pool):,} "
        "labelled ones were there to learn from.",
        "Exact match is the share of captchas of which every character is right. Characters: 1 less the character "
        "error rate. Intervals are Wilson's, 95 %; those over draws of labels are of the mean, as if judged once.",
        f"Typing: {measured}. Processor: minutes of one processor, beside whatever else the machine did.",
        "Who waits for 99.5 %: the confidence was chosen on the captchas that judge it, which flatters a little.",
        f"No hit in {captchas_to_prove(0.01)} captchas proves under 1 %, in {captchas_to_prove(0.001):,} under 0.1 %, "
        "for the attackers tried and no others: a longer training or a cleverer attacker may do better.",
        *target.remarks,
    ]
    asked = f"{found.hours:g} hours were asked for, {found.used_s / 60:.0f} minutes used."
    return [*said, asked + ("" if found.complete else " Incomplete: the table says who was left out.")]
