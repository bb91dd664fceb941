"""What changed from one data set to another: captchas added, gone, relabelled, or moved to another split."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from captcha_core.dataset.split import SPLITS
from captcha_core.dataset.store import Dataset

Row = tuple[str, str | None]  # split and text


@dataclass(frozen=True, slots=True)
class Change:
    """A captcha that is in both, with its splits and texts before and now."""

    id: str
    before: Row
    now: Row


@dataclass(frozen=True)
class Difference:
    """What changed.

    Args:
        specification: Where the specifications differ, in words; empty where they do not.
        added: Ids that are only in the second one, with split and text.
        gone: Ids that are only in the first one.
        relabelled: Captchas with another text.
        moved: Captchas with the same text in another split.
        equal: How many captchas are the same in both.
    """

    specification: str
    added: Sequence[tuple[str, Row]]
    gone: Sequence[tuple[str, Row]]
    relabelled: Sequence[Change]
    moved: Sequence[Change]
    equal: int

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as JSON holds it."""
        return {
            "specification": self.specification,
            "equal": self.equal,
            "added": [_row(identity, row) for identity, row in self.added],
            "gone": [_row(identity, row) for identity, row in self.gone],
            "relabelled": [_change(one) for one in self.relabelled],
            "moved": [_change(one) for one in self.moved],
        }


def _row(identity: str, row: Row) -> dict[str, str | None]:
    return {"id": identity, "split": row[0], "text": row[1]}


def _change(one: Change) -> dict[str, Any]:
    return {"id": one.id, "split": [one.before[0], one.now[0]], "text": [one.before[1], one.now[1]]}


def difference(before: Dataset, now: Dataset) -> Difference:
    """Compare two data sets by the content of their captchas; one that is there twice counts twice."""
    old, new = _rows(before), _rows(now)
    added: list[tuple[str, Row]] = []
    gone: list[tuple[str, Row]] = []
    relabelled: list[Change] = []
    moved: list[Change] = []
    equal = 0
    for identity in dict.fromkeys([*old, *new]):
        mine, theirs = old.get(identity, Counter()), new.get(identity, Counter())
        equal += (mine & theirs).total()
        left, came = list((mine - theirs).elements()), list((theirs - mine).elements())
        for one, other in zip(left, came, strict=False):
            (relabelled if one[1] != other[1] else moved).append(Change(identity, one, other))
        gone += [(identity, row) for row in left[len(came) :]]
        added += [(identity, row) for row in came[len(left) :]]
    return Difference(before.spec.difference(now.spec), added, gone, relabelled, moved, equal)


def _rows(dataset: Dataset) -> dict[str, Counter[Row]]:
    rows: dict[str, Counter[Row]] = {}
    for split in SPLITS:
        for identity, text in zip(dataset.ids(split), dataset.texts(split), strict=True):
            rows.setdefault(identity, Counter())[split, text] += 1
    return rows
