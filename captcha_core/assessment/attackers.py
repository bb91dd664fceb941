"""Attackers by what they pay: nothing, some labels, or the generator; and what each has reached."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Literal

from pydantic import BaseModel, ConfigDict

from captcha_core.assessment.target import Target
from captcha_core.evaluation.metrics import Proportion

SIZES = (25, 50, 100, 200, 400, 800, 1600, 3200)  # labels that attackers have
DRAWS = 3  # of these labels, each time others
GENERATOR_WEIGHT = 3.0  # a live stream takes longer to learn from than a few labels
Kind = Literal["guess", "stock", "labels", "generator"]


@dataclass(frozen=True)
class Attacker:
    """One attacker.

    Args:
        key: Names him among all of an assessment.
        title: What he is called in the report.
        labels: How many labels he pays for.
        draw: Which draw of them.
        weight: Of his training's time beside others.
    """

    key: str
    kind: Kind
    title: str
    labels: int = 0
    draw: int = 0
    weight: float = 1.0

    @property
    def seed(self) -> int:
        """A seed of his own, the same in every assessment."""
        return int(hashlib.sha256(self.key.encode()).hexdigest()[:7], 16)


class Row(BaseModel):
    """What one attacker has reached, or why he has not.

    Attributes:
        state: ``left out`` where time or labels ran out, ``failed`` where he could not be built.
        reason: Why, in a sentence; of a row that is done, what else is to be known.
        confidences: Of his answers, in the order of the test captchas; empty where he names none.
        right: Whether each is right.
        folded: How many are right where upper and lower case are one.
        characters: Share of the characters that he reads: 1 less the character error rate.
        processor_s: Of all processors, in training.
        wall_s: From beginning to end, as time counts against the hours.
        minutes: Of training that he was given.
        ms: Milliseconds a captcha, the median.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    key: str
    kind: Kind
    title: str
    labels: int = 0
    draw: int = 0
    state: Literal["done", "left out", "failed"] = "done"
    reason: str = ""
    confidences: list[float] = []
    right: list[bool] = []
    folded: int = 0
    characters: float = 0.0
    processor_s: float = 0.0
    wall_s: float = 0.0
    minutes: float = 0.0
    ms: float | None = None
    run_id: str = ""
    bundle: str = ""

    @property
    def share(self) -> Proportion:
        """Exact match."""
        return Proportion(sum(self.right), len(self.right))

    @classmethod
    def without(cls, attacker: Attacker, state: Literal["left out", "failed"], reason: str) -> "Row":
        """Return the row of an attacker who has not reached anything."""
        return cls(
            key=attacker.key, kind=attacker.kind, title=attacker.title, labels=attacker.labels, draw=attacker.draw,
            state=state, reason=reason,
        )  # fmt: skip


def trained_attackers(target: Target) -> list[Attacker]:
    """Return who trains, in the order in which time is given: one draw of every size before the second draw of any."""
    pool = len(target.pool)
    sizes = [size for size in SIZES if size <= pool]
    if pool > 0 and (not sizes or pool >= 1.25 * sizes[-1]):
        sizes.append(pool)
    by_draw = [
        Attacker(f"labels-{size}-{draw}", "labels", f"{size:,} labels", size, draw)
        for draw in range(1, DRAWS + 1)
        for size in reversed(sizes)
        if draw == 1 or size < pool  # all labels are the same ones however they are drawn
    ]
    first = [Attacker("generator", "generator", "The generator in hand", weight=GENERATOR_WEIGHT)]
    return (first if target.scheme else []) + by_draw


def too_poor(target: Target) -> list[Row]:
    """Return a row for every usual number of labels that there are not enough of."""
    usual = [size for size in SIZES[:5] if size > len(target.pool)]
    reason = f"expected {{}} labelled captchas, received {len(target.pool):,}; label more."
    return [
        Row.without(
            Attacker(f"labels-{size}-1", "labels", f"{size:,} labels", size, 1), "left out", reason.format(size)
        )
        for size in usual
    ]


@dataclass(frozen=True)
class Group:
    """An attacker over all draws of his labels: what the report counts as one."""

    kind: Kind
    title: str
    labels: int
    rows: Sequence[Row]

    @property
    def share(self) -> Proportion:
        """The mean exact match over the draws, as hits among the test captchas: one set judged all draws."""
        n = self.rows[0].share.n
        return Proportion(round(mean(row.share.value for row in self.rows) * n), n)

    @property
    def spread(self) -> tuple[float, float]:
        """Least and greatest exact match of a draw."""
        values = [row.share.value for row in self.rows]
        return min(values), max(values)

    @property
    def typical(self) -> Row:
        """The draw in the middle, whose confidences stand for all."""
        return sorted(self.rows, key=lambda row: row.share.value)[len(self.rows) // 2]

    @property
    def characters(self) -> float:
        """Share of the characters, the mean over the draws."""
        return mean(row.characters for row in self.rows)

    @property
    def processor_s(self) -> float:
        """Of one training, the mean over the draws."""
        return mean(row.processor_s for row in self.rows)

    @property
    def ms(self) -> float | None:
        """Milliseconds a captcha."""
        known = [row.ms for row in self.rows if row.ms is not None]
        return mean(known) if known else None


def groups(rows: Iterable[Row]) -> list[Group]:
    """Return the attackers that reached something, those who pay least first."""
    found: dict[tuple[Kind, str], list[Row]] = defaultdict(list)
    for row in rows:
        if row.state == "done":
            found[row.kind, row.title].append(row)
    order = ("guess", "stock", "labels", "generator")
    named = [Group(kind, title, members[0].labels, members) for (kind, title), members in found.items()]
    return sorted(named, key=lambda group: (order.index(group.kind), group.labels))
