"""The verdict: who breaks it, at what rate and cost, against three published lines, and what to change first."""

from collections.abc import Sequence
from dataclasses import dataclass

from captcha_core.assessment.attackers import Group
from captcha_core.assessment.effects import Effect
from captcha_core.assessment.money import HUMAN_HIGH, HUMAN_LOW, Cost, Prices, cost_of, dollars
from captcha_core.assessment.people import PUBLISHED, Measured
from captcha_core.assessment.target import Target
from captcha_core.evaluation.risk import RiskPoint, at_precision, most_that_zero_hits_allow, success_within

NOTHING, WEAK = 0.01, 0.10  # exact match below which a published line holds
BROKEN = 0.01  # success per submission from which Bursztein and others (2011) call a captcha broken
PEOPLE = 0.80  # of people should pass
CLOSE = 0.03  # exact match by which a cheaper attacker may stay behind the strongest and still be the one to fear
NEARLY_ALL = 0.999
WITHIN = 3  # tries


@dataclass(frozen=True)
class Line:
    """A published line, and on which side of it the captcha lies."""

    words: str
    source: str
    holds: str
    figure: str


@dataclass(frozen=True)
class Verdict:
    """What the first screen says."""

    sentence: str
    grade: str
    who: str
    rate: str
    cost: str
    change: str
    lines: Sequence[Line]
    steps: Sequence[str]


def strongest(found: Sequence[Group]) -> Group | None:
    """Return who reads most; of equals, who pays least."""
    return max(found, key=lambda group: group.share.value, default=None)


def feared(found: Sequence[Group]) -> Group | None:
    """Return the one to speak of: who pays least of those close to the strongest, if chance explains the rest."""
    best = strongest(found)
    if best is None:
        return None
    near = (one for one in found if best.share.value <= min(one.share.value + CLOSE, one.share.interval[1]))
    return next(near, best)


def cheapest(found: Sequence[Group]) -> Group | None:
    """Return who pays least among those who certainly pass the line of a broken captcha; they come in that order."""
    return next((group for group in found if group.share.interval[0] >= BROKEN), None)


def sure_point(group: Group) -> RiskPoint | None:
    """Return what he answers when he waits for 99.5 %; None where he names no confidence or it is never reached."""
    return at_precision(group.typical.confidences, group.typical.right) if group.typical.confidences else None


def verdict(
    target: Target,
    found: Sequence[Group],
    effects: Sequence[Effect],
    people: Measured | None,
    prices: Prices,
    complete: bool,
) -> Verdict:
    """Return the verdict on a captcha."""
    best, first = feared(found), cheapest(found)
    if best is None:
        sentence = "Nobody was tried: the time was over before the first attacker had read."
        return Verdict(sentence, "unknown", "Not known", "Not known", "Not known", "Give it more --hours", (), ())
    cost = cost_of(best, prices, target.label_s)
    steps = _steps(target, best, effects)
    return Verdict(
        _sentence(best, cost, complete),
        _grade(best),
        _who(best, first, strongest(found) or best),
        _rate(best),
        _cost(cost, best, first, prices, target.label_s),
        steps[0],
        _lines(best, people, target.spec.media),
        steps,
    )


def _grade(best: Group) -> str:
    low, high = best.share.interval
    if low >= WEAK:
        return "broken"
    return "holds" if high < NOTHING or not best.share.hits else "doubtful"


def percent(value: float) -> str:
    """Return a share with as many digits as say something."""
    if value in (0.0, 1.0):
        return f"{100 * value:.0f} %"
    if value < 0.0001:
        return "under 0.01 %"
    if value > 0.9999:
        return "over 99.99 %"
    return f"{100 * value:.{1 if 0.001 <= value < 0.9995 else 2}f} %"


def interval(group: Group) -> str:
    """Return the 95 % interval and n in words."""
    low, high = group.share.interval
    return f"95 % interval {percent(low)} to {percent(high)}, n = {group.share.n:,}"


def _means_and_owner(group: Group) -> tuple[str, str]:
    """Return what attacks, as the subject of a sentence, and who has it."""
    return {
        "guess": ("Typing the commonest text without looking", "Anybody who types the commonest text"),
        "stock": (
            f"{group.title}, without a single label,",
            f"Anybody with {group.title[0].lower()}{group.title[1:]}, without a label",
        ),
        "labels": (
            f"A machine that learnt from {group.labels:,} labels", f"Anybody with {group.labels:,} labels",
        ),
        "generator": ("A machine trained on the generator itself", "Whoever has the generator"),
    }[group.kind]  # fmt: skip


def _sentence(best: Group, cost: Cost, complete: bool) -> str:
    much = "" if complete else " of what there was time for"
    if not best.share.hits:
        bound = percent(most_that_zero_hits_allow(best.share.n))
        return (
            f"None of the machines tried{much} read one of {best.share.n:,} captchas, which proves a success under "
            f"{bound} for these machines and no others."
        )
    once = f"{dollars(cost.once)} once" if cost.once else "no price to begin with"
    each = "" if cost.per_1000 is None else f" and {dollars(cost.per_1000)} for 1,000 passes"
    means, _ = _means_and_owner(best)
    return (
        f"{means} passes {percent(best.share.value)} of these captchas ({interval(best)}), at {once}{each}; "
        f"people who type captchas for money ask ${HUMAN_LOW:.2f} to ${HUMAN_HIGH:.2f} for 1,000."
    )


def _who(best: Group, first: Group | None, most: Group) -> str:
    if first is None:
        return f"None of those tried, for certain. Strongest: {_owner(best)}"
    if first is best or first.title == best.title:
        more = f"; with {most.labels:,} labels {percent(most.share.value)}, which may be chance" if most.labels else ""
        return _owner(first) + (more if most is not best else "")
    strongest = _owner(best)[0].lower() + _owner(best)[1:]
    return f"{_owner(first)} ({percent(first.share.value)}); most of all {strongest}"


def _owner(group: Group) -> str:
    return _means_and_owner(group)[1]


def _rate(best: Group) -> str:
    p = best.share.value
    words = f"{percent(p)} of submissions, {_within(p, WITHIN)} within {WITHIN} tries"
    point = sure_point(best)
    if point is not None and point.answered.value < 1:
        words += f"; {percent(point.right.value)} if it answers only the {percent(point.answered.value)} it is sure of"
    return words


def _within(p: float, tries: int) -> str:
    passed = success_within(p, tries)
    return "nearly all" if passed > NEARLY_ALL else percent(passed)


def _cost(cost: Cost, best: Group, first: Group | None, prices: Prices, label_s: float) -> str:
    """Return what the attacker pays who is spoken of, behind what another one pays who gets in for less."""
    effort = f"{cost.processor_minutes:.1f} processor minutes"
    if cost.label_minutes:
        effort = f"{cost.label_minutes:.0f} minutes of typing labels, {effort}"
    each = f", then {dollars(cost.per_1000)} for 1,000 passes" if cost.per_1000 is not None else ""
    words = f"{dollars(cost.once)} once ({effort}){each}" if cost.once else f"Nothing to begin with{each}"
    less = cost if first is None else cost_of(first, prices, label_s)
    if first is None or first.title == best.title or less.once >= cost.once:
        return words
    least = f"{dollars(less.once)} once" if less.once else "nothing to begin with"
    return f"For {percent(first.share.value)} {least}; for {percent(best.share.value)} {words}"


def _lines(best: Group, people: Measured | None, media: str) -> list[Line]:
    p, (low, high) = best.share.value, best.share.interval
    figure = f"machine {percent(p)} ({percent(low)} to {percent(high)})"
    return [
        Line(
            f"Machines under 1 %, people at least {100 * PEOPLE:.0f} %",
            "an early design goal; from 1 % on Bursztein and others (2011) call a captcha broken",
            _both(_under(low, high, NOTHING), people),
            f"{figure}; {_people(people, media)}",
        ),
        Line("Machines under 10 %", "a looser line in use; no single source", _under(low, high, WEAK), figure),
        Line(
            f"Machines under 50 % within {WITHIN} tries",
            "asked for in the tracker of a generator: daniel-e/captcha, issue 18, 2022",
            _under(success_within(low, WITHIN), success_within(high, WITHIN), 0.5),
            f"machine {_within(p, WITHIN)} within {WITHIN}",
        ),
    ]


def _under(low: float, high: float, line: float) -> str:
    if high < line:
        return "holds"
    return "does not hold" if low >= line else "not decided by this many captchas"


def _both(machine: str, people: Measured | None) -> str:
    if machine != "holds" or people is None:
        return machine if machine != "holds" else "holds for these machines; people were not measured"
    return "holds" if people.right.interval[0] >= PEOPLE else "machines hold it, people are not shown to"


def _people(people: Measured | None, media: str) -> str:
    if people is not None:
        return f"people {percent(people.right.value)} (n = {people.right.n:,})"
    one = next(figure for figure in PUBLISHED if figure.media == media)
    return f"people not measured here; published: {percent(one.low)} to {percent(one.high)}"


def _steps(target: Target, best: Group, effects: Sequence[Effect]) -> list[str]:
    """Return what to change, the first first, each with the figure behind it."""
    p = best.share.value
    tried = [effect for effect in effects if _makes_harder(effect)]
    hardest = min(tried, key=lambda effect: effect.retrained.value if effect.retrained else 1.0, default=None)
    knob = [] if hardest is None else [_knob_step(hardest)]
    around = _around(p)
    enough = hardest is not None and hardest.retrained is not None and hardest.retrained.interval[1] < WEAK
    ordered = [*knob, around] if enough or p < WEAK else [around, *knob]
    price = (
        f"No setting of a text captcha costs an attacker more than ${HUMAN_LOW:.2f} to ${HUMAN_HIGH:.2f} for 1,000: "
        "people type them for that. It slows a program down; it does not keep a paid person out."
    )
    replay = (
        "Let every captcha be answered once: its answer and its picture die with the first submission, right or wrong, "
        "and after two minutes. An answer that can be sent again makes every other figure here meaningless."
    )
    other = "sound" if target.spec.media == "image" else "a picture"
    access = (
        f"Offer another way in, {other} or an e-mail, as WCAG 1.1.1 asks, and assess that one too: attackers take the "
        "weaker of the two. Measure people (the dashboard's page You against the model) before anything is made harder."
    )
    return [*ordered, replay, access, price]


def _makes_harder(effect: Effect) -> bool:
    """Return whether a level costs a retrained reader more than chance does."""
    return effect.retrained is not None and effect.retrained.interval[1] < effect.base.interval[0]


def _around(p: float) -> str:
    hourly = 3
    alone = "Do not rely on it alone. " if p >= WEAK else ""
    return (
        f"{alone}Limit tries to {hourly} an hour for each account and address, and count failures over all addresses: "
        f"at {percent(p)} of submissions that leaves at most {hourly * p * 24:.0f} passes a day to each."
    )


def _knob_step(effect: Effect) -> str:
    assert effect.retrained is not None
    before, after = effect.base, effect.retrained
    low, high = after.interval
    return (
        f"Of the settings tried, {effect.label} at {effect.level} costs a retrained machine most: "
        f"{percent(before.value)} becomes {percent(after.value)} ({percent(low)} to {percent(high)}, n = {after.n:,})."
    )
