"""Twenty captchas that a person types: which, how long each took, and what was right."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from captcha_core.assessment.people import Attempt, keep
from captcha_core.dataset.labels import MAX_NAME, now
from captcha_core.dataset.store import Dataset
from captcha_core.errors import SpecError
from captcha_core.spec.sample import Sample

COUNT = 20


@dataclass
class Turns:
    """What one person types now; it lives in the session, attempts live in the data set's log.

    Args:
        folder: The data set.
        who: What the person calls himself.
        samples: The captchas, in the order in which they are shown.
        done: What was typed so far.
        shown_s: When the one shown now appeared, on the clock that measures.
    """

    folder: str
    who: str
    samples: Sequence[Sample]
    done: list[Attempt] = field(default_factory=list)
    shown_s: float | None = None

    @property
    def place(self) -> int:
        """How many were typed."""
        return len(self.done)

    @property
    def current(self) -> Sample | None:
        """The captcha to type, None when all were."""
        return self.samples[self.place] if self.place < len(self.samples) else None


def begin(dataset: Dataset, who: str, seed: int | None = None) -> Turns:
    """Choose captchas that have a label, those of the test split where there are any."""
    known: list[Sample] = []
    for split in ("test", "validation", "train"):
        known += [sample for sample in dataset.spread(split, 10 * COUNT) if sample.text is not None]
        if len(known) >= COUNT:
            break
    chosen = random.Random(seed).sample(known, min(COUNT, len(known)))
    return Turns(str(dataset.path), who.strip()[:MAX_NAME] or "somebody", chosen)


def answer(turns: Turns, dataset: Dataset, text: str, now_s: float) -> Attempt:
    """Judge what was typed, keep it in the data set's log, and go on.

    Raises:
        DataError: If it cannot be kept.
    """
    sample = turns.current
    assert sample is not None
    began_s = now_s if turns.shown_s is None else turns.shown_s
    attempt = Attempt(
        id=sample.id, who=turns.who, right=_is_right(dataset, text, sample.text or ""),
        seconds=round(max(0.0, now_s - began_s), 2), when=now(),
    )  # fmt: skip
    keep(dataset.path, attempt)
    turns.done.append(attempt)
    turns.shown_s = None
    return attempt


def _is_right(dataset: Dataset, typed: str, text: str) -> bool:
    charset = dataset.spec.charset
    try:
        return charset.normalise(typed.strip()) == charset.normalise(text)
    except SpecError:
        return False
