"""Labels that are probably wrong: how much likelier a reader that never saw the captcha holds another text.

A label is weighed by its likelihood under connectionist temporal classification (Graves and others 2006) against that
of the best text, for the whole text and not character by character, so one that is missing or added counts as well. It
is the idea of confident learning (Northcutt and others 2021) for texts in place of classes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from captcha_core.audit.finding import Finding, Place
from captcha_core.models.decode import Limits, decode, log_probability, log_softmax
from captcha_core.spec.captcha import BLANK, CaptchaSpec

FLAGGED = math.log(20)  # another text is twenty times likelier
CERTAIN = 60.0  # such a logarithm is as bad as it gets
USABLE = 0.5  # a reader that agrees with fewer labels says little about any


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader makes of one captcha: its text, and the log-likelihoods of that and of the label."""

    text: str
    of_text: float
    of_label: float

    @property
    def ratio(self) -> float:
        """How many times likelier the text is than the label, as a natural logarithm; 0 where they agree."""
        return max(0.0, self.of_text - self.of_label)


@dataclass(frozen=True)
class Reader:
    """The words in which a reader's classes are put into those of a data set.

    Args:
        head: How its logits become text.
        spec: What it reads.
        data: What the data set holds; all of its characters must be among the reader's.
    """

    head: str
    spec: CaptchaSpec
    data: CaptchaSpec

    @staticmethod
    def knows(spec: CaptchaSpec, data: CaptchaSpec) -> bool:
        """Tell whether a reader of one specification can weigh labels of another."""
        return spec.media == data.media and all(_classes(spec, data, c) for c in data.alphabet)

    def weigh(self, logits: np.ndarray, label: str) -> Reading:
        """Return what logits (T, K + 1) of the reader say of a label."""
        log_p = self._in_classes_of_data(logits)
        found = decode(self.head, log_p, Limits.of(self.data))
        text = self.data.charset.decode(found.ids)
        (ids,) = self.data.charset.encode([label], len(label))
        of_text = log_probability(self.head, log_p, found.ids.tolist())
        of_label = log_probability(self.head, log_p, ids.tolist())
        return Reading(text, of_text, of_label)

    def _in_classes_of_data(self, logits: np.ndarray) -> np.ndarray:
        """Return log-probabilities (T, K + 1) over the data set's characters: cases that it folds are added up."""
        log_p = log_softmax(logits)
        columns = [[BLANK], *(_classes(self.spec, self.data, character) for character in self.data.alphabet)]
        return log_softmax(np.stack([np.logaddexp.reduce(log_p[:, one], axis=1) for one in columns], axis=1))


def _classes(spec: CaptchaSpec, data: CaptchaSpec, character: str) -> list[int]:
    """Return the classes of a reader that are a character of a data set."""
    forms = {character} if data.case_sensitive else {character, character.lower(), character.upper()}
    known = [c for c in forms if c in spec.alphabet]
    if not known and not spec.case_sensitive:
        known = [c for c in spec.alphabet if c.casefold() == character.casefold()]
    return sorted(spec.alphabet.index(c) + 1 for c in known)


def agreement(places: Sequence[Place], readings: Sequence[Reading | None]) -> float:
    """Return the share of labels that a reader reads as they are."""
    known = [
        reading is not None and reading.text == place.text
        for place, reading in zip(places, readings, strict=True)
        if place.text is not None
    ]
    return sum(known) / len(known) if known else 0.0


def _times(ratio: float) -> str:
    """Return a log-ratio as how many times likelier something is, in words."""
    power = ratio / math.log(10)
    return f"{round(10**power, 1 - math.ceil(power)):,.0f} times" if power < 6 else "over a million times"


def doubtful_labels(places: Sequence[Place], readings: Sequence[Reading | None]) -> list[Finding]:
    """Return the labels that a reader holds for wrong, the surest first.

    Args:
        places: The captchas (N).
        readings: What a reader makes of each, None where it has no label or cannot be read.
    """
    found = [
        Finding(
            "label",
            f"labelled {place.text}, read as {reading.text}, {_times(reading.ratio)} likelier",
            (place,),
            proposal=reading.text,
            weight=reading.ratio / CERTAIN,
            score=reading.ratio,
        )
        for place, reading in zip(places, readings, strict=True)
        if reading is not None and reading.text != place.text and reading.ratio >= FLAGGED
    ]
    return sorted(found, key=lambda one: -(one.score or 0.0))
