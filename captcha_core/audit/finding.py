"""One thing that may be wrong with a data set, and how bad it is: what every check returns."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal[
    "damaged", "blank", "contradiction", "label", "leak", "script", "test size", "character", "text", "twin", "size"
]
# From a fault that no training survives to what one should know; a label's severity lies within its kind by its odds.
SEVERITY: dict[Kind, float] = {
    "damaged": 1.0,
    "blank": 0.98,
    "contradiction": 0.95,
    "label": 0.9,
    "leak": 0.6,
    "script": 0.55,
    "test size": 0.5,
    "character": 0.45,
    "text": 0.4,
    "twin": 0.3,
    "size": 0.2,
}
MEANING: dict[Kind, str] = {
    "damaged": "files that cannot be decoded, silent clips among them",
    "blank": "pictures with nothing on them",
    "contradiction": "one picture under two texts",
    "label": "labels that a reader doubts",
    "leak": "near-twins in two splits",
    "script": "labels that mix scripts or normal forms",
    "test size": "a test split too small for a claim",
    "character": "characters too rare to learn or to test",
    "text": "texts in two splits",
    "twin": "near-twins within a split",
    "size": "odd sizes",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A captcha of a data set: its content hash, split, label and file name."""

    id: str
    split: str
    text: str | None
    path: str = ""

    @property
    def shown(self) -> str:
        """How a person finds it again: its file name, else the beginning of its hash."""
        return self.path or self.id[:12]


@dataclass(frozen=True, slots=True)
class Finding:
    """What may be wrong.

    Args:
        kind: One of :data:`SEVERITY`.
        message: A sentence.
        places: The captchas that it is about; none where it is about the whole set.
        proposal: What readers read in place of the label.
        weight: Worst first among findings of one kind, 0 to 1.
        score: Of a label: how many times likelier the proposal is, as a natural logarithm; of twins: how alike.
    """

    kind: Kind
    message: str
    places: tuple[Place, ...] = ()
    proposal: str | None = None
    weight: float = 0.0
    score: float | None = None

    @property
    def severity(self) -> float:
        """How bad it is, 0 to 1."""
        below = max((value for value in SEVERITY.values() if value < SEVERITY[self.kind]), default=0.0)
        return below + (SEVERITY[self.kind] - below) * (0.5 + 0.5 * min(1.0, max(0.0, self.weight)))

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return {
            "kind": self.kind,
            "severity": round(self.severity, 4),
            "message": self.message,
            "proposal": self.proposal,
            "score": None if self.score is None else round(self.score, 4),
            "captchas": [
                {"id": place.id, "split": place.split, "text": place.text, "file": place.path} for place in self.places
            ],
        }


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings as one list, the worst first; equals in the order of their captchas."""
    return sorted(findings, key=lambda one: (-one.severity, [place.id for place in one.places]))


def counts(findings: Sequence[Finding]) -> dict[Kind, int]:
    """Return how many findings of each kind there are, kinds without any left out."""
    found = Counter(one.kind for one in findings)
    return {kind: found[kind] for kind in SEVERITY if found[kind]}
