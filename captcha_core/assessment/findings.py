"""Everything that an assessment has found, in one place: what the report is written from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from captcha_core.assessment.attackers import Group, Row, groups
from captcha_core.assessment.effects import Effect
from captcha_core.assessment.money import Prices, cost_of
from captcha_core.assessment.people import Measured
from captcha_core.assessment.slices import Slice, slices_of
from captcha_core.assessment.target import Target
from captcha_core.assessment.verdict import Verdict, strongest, sure_point, verdict
from captcha_core.evaluation.risk import TRIES, success_within


@dataclass(frozen=True)
class Findings:
    """What an assessment has found.

    Args:
        rows: A row for each attacker, those who could not be tried among them.
        effects: What each knob does, empty for data.
        factorial: Main effects of knobs that were turned together, in shares of the fixed reader's exact match.
        people: Who typed captchas of the set on the dashboard, None where nobody has.
        hours: What was asked for; ``used_s`` is what it took.
        complete: Whether nobody was left out for want of time.
    """

    target: Target
    rows: Sequence[Row]
    effects: Sequence[Effect]
    factorial: Mapping[str, float]
    people: Measured | None
    prices: Prices
    hours: float
    used_s: float
    complete: bool
    made: str

    @cached_property
    def groups(self) -> list[Group]:
        """The attackers who reached something, those who pay least first."""
        return groups(self.rows)

    @cached_property
    def strongest(self) -> Group | None:
        """Who reads most."""
        return strongest(self.groups)

    @cached_property
    def verdict(self) -> Verdict:
        """The verdict."""
        return verdict(self.target, self.groups, self.effects, self.people, self.prices, self.complete)

    @cached_property
    def slices(self) -> list[Slice]:
        """Which captchas the strongest attacker reads less; empty where knobs tell the cause, or there is nobody."""
        return slices_of(self.target, self.strongest.typical.right) if self.strongest and not self.effects else []

    @property
    def missing(self) -> list[Row]:
        """Attackers who were left out or could not be built."""
        return [row for row in self.rows if row.state != "done"]

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON holds it, every attempt of an attacker included."""
        said = self.verdict
        return {
            "format": 1,
            "name": self.target.name,
            "digest": self.target.digest,
            "made": self.made,
            "hours": self.hours,
            "used_s": round(self.used_s, 1),
            "complete": self.complete,
            "spec": self.target.spec.model_dump(exclude_none=True),
            "remarks": list(self.target.remarks),
            "verdict": {
                "grade": said.grade, "sentence": said.sentence, "who": said.who, "rate": said.rate, "cost": said.cost,
                "change": said.change, "steps": list(said.steps),
                "lines": [vars(line) for line in said.lines],
            },
            "attackers": [self._attacker(group) for group in self.groups],
            "left_out": [{"attacker": row.title, "state": row.state, "reason": row.reason} for row in self.missing],
            "knobs": [effect.as_dict() for effect in self.effects],
            "factorial": dict(self.factorial),
            "slices": [{"by": one.by, "value": one.value, **one.share.as_dict()} for one in self.slices],
            "people": None if self.people is None else {**self.people.right.as_dict(), "seconds": self.people.seconds,
                "people": self.people.people, "captchas": self.people.captchas},
            "rows": [row.model_dump(exclude={"bundle"}) for row in self.rows],
        }  # fmt: skip

    def _attacker(self, group: Group) -> dict[str, Any]:
        cost = cost_of(group, self.prices, self.target.label_s)
        sure = sure_point(group)
        low, high = group.spread
        return {
            "attacker": group.title,
            "kind": group.kind,
            "labels": group.labels,
            "draws": len(group.rows),
            "exact_match": group.share.as_dict(),
            "least_draw": low,
            "greatest_draw": high,
            "characters": group.characters,
            "processor_minutes": cost.processor_minutes,
            "label_minutes": cost.label_minutes,
            "ms": group.ms,
            "dollars_once": cost.once,
            "dollars_per_1000": cost.per_1000,
            "within_tries": {str(tries): success_within(group.share.value, tries) for tries in TRIES},
            "sure": None if sure is None else sure.as_dict(),
        }
