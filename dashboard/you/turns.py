"""Twenty captchas that a person types: which, how long each took, and what was right."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from captcha_core.assessment.people import Attempt, keep
from captcha_core.dataset.labels import MAX_NAME, now
from captcha_core.dataset.store import Dataset
from captcha_core.errors import SpecError
from captcha_core.evaluation.metrics import Proportion
from captcha_core.solver import Solver
from captcha_core.spec.sample import Sample
from dashboard.label.labelling import guess_of
from dashboard.solve.solving import label_of

COUNT = 20


@dataclass
class Turns:
    """What one person types now; it lives in the session, attempts live in the data set's log.

    Args:
        folder: The data set.
        who: What the person calls himself.
        samples: The captchas, in the order in which they are shown.
        done: How it went so far; of what was typed, only whether it was right.
        typed: What was typed, to be shown at the end and kept nowhere.
        shown_s: When the one shown now appeared, on the clock that measures.
    """

    folder: str
    who: str
    samples: Sequence[Sample]
    done: list[Attempt] = field(default_factory=list)
    typed: list[str] = field(default_factory=list)
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
    turns.typed.append(text.strip())
    turns.shown_s = None
    return attempt


@dataclass(frozen=True)
class Beside:
    """What a model reads of the captchas that a person typed."""

    name: str
    texts: Sequence[str]
    right: Proportion
    ms: float


def read_by(solver: Solver, turns: Turns, dataset: Dataset) -> Beside:
    """Let a model read the same captchas, each on its own."""
    texts, times_ms = [], []
    for sample in turns.samples:
        began_s = time.perf_counter()
        texts.append(guess_of(solver, sample.media, dataset.spec).text or "")
        times_ms.append(1000 * (time.perf_counter() - began_s))
    pairs = zip(texts, turns.samples, strict=True)
    hits = sum(_is_right(dataset, text, sample.text or "") for text, sample in pairs)
    return Beside(label_of(solver.model), texts, Proportion(hits, len(texts)), median(times_ms))


def _is_right(dataset: Dataset, typed: str, text: str) -> bool:
    charset = dataset.spec.charset
    try:
        return charset.normalise(typed.strip()) == charset.normalise(text)
    except SpecError:
        return False
