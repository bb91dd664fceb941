"""Two models read the same samples side by side, and what comes of it in figures."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from captcha_core.errors import CaptchaError, ModelError
from captcha_core.evaluation import metrics
from captcha_core.evaluation.predictions import Predictions
from captcha_core.evaluation.promotion_rule import Contender, PromotionRule, Verdict
from captcha_core.evaluation.report import Report
from captcha_core.evaluation.significance import mcnemar, paired_difference
from captcha_core.spec.answer import Answer
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample

WARM_UP = 20


class Reader(Protocol):
    """Anything that reads captchas one at a time."""

    @property
    def spec(self) -> CaptchaSpec:
        """What it reads."""

    def solve(self, media: bytes) -> Answer:
        """Read one captcha."""


@dataclass(frozen=True)
class Result:
    """What one of the two did.

    Args:
        name: How it is called.
        predictions: What it read.
        latency_ms: Its median time for one sample.
        size_bytes: What has to be shipped.
    """

    name: str
    predictions: Predictions
    latency_ms: float
    size_bytes: int

    @cached_property
    def figures(self) -> dict[str, float]:
        """The headline figures, the median time and the size."""
        mine = self.predictions
        return {
            **metrics.headline(mine.truth, mine.read, mine.confidence),
            "unreadable": float(sum(text is None for text in mine.read)),
            "latency_p50_ms": self.latency_ms,
            "model_bytes": float(self.size_bytes),
        }

    def contender(self) -> Contender:
        """Return what the promotion rule asks for."""
        return Contender(self.name, self.predictions.right, self.latency_ms, self.size_bytes)


@dataclass(frozen=True)
class Comparison:
    """Champion and challenger on the same samples in the same order."""

    champion: Result
    challenger: Result

    def verdict(self, rule: PromotionRule) -> Verdict:
        """Return what a rule says of the two."""
        return rule.judge(self.champion.contender(), self.challenger.contender())

    def figures(self) -> dict[str, Any]:
        """Return every figure as JSON holds it."""
        old, new = self.champion.predictions, self.challenger.predictions
        test, difference = mcnemar(old.right, new.right), paired_difference(old.right, new.right)
        return {
            "champion": {"name": self.champion.name, **self.champion.figures},
            "challenger": {"name": self.challenger.name, **self.challenger.figures},
            "difference": {"exact_match": difference.value, "at_least": difference.at_least, "n": difference.n},
            "mcnemar": {"gained": test.gained, "lost": test.lost, "p_value": test.p_value},
            "by_length": _grouped(metrics.exact_match_by_length, old, new),
            "by_character": _grouped(metrics.exact_match_by_character, old, new),
        }


def _grouped(measure: Any, old: Predictions, new: Predictions) -> list[dict[str, Any]]:
    before, after = measure(old.truth, old.read), measure(new.truth, new.read)
    return [
        {"key": str(key), "champion": share.as_dict(), "challenger": after[key].as_dict()}
        for key, share in before.items()
    ]


@dataclass(frozen=True)
class Candidate:
    """A model that is to read."""

    name: str
    reader: Reader
    size_bytes: int


def read_in_turns(
    candidates: Sequence[Candidate], samples: Sequence[Sample], track: Iterable[Sample] | None = None
) -> list[Result]:
    """Let models read the same labelled samples in turns, so that all meet the same machine.

    Args:
        candidates: Who reads.
        samples: What they read (N).
        track: The samples again, wrapped by a progress bar.

    Raises:
        ModelError: If they do not read the same kind of captcha.
    """
    first = candidates[0]
    for other in candidates[1:]:
        difference = first.reader.spec.difference(other.reader.spec)
        if difference:
            raise ModelError(
                f"expected models of one specification, received {first.name} and {other.name} with {difference}; "
                "compare models of the same captcha."
            )
    answers: list[list[Answer | None]] = [[] for _ in candidates]
    for sample in samples[:WARM_UP]:
        for candidate in candidates:
            _read(candidate.reader, sample)
    places = list(range(len(candidates)))
    for turn, sample in enumerate(samples if track is None else track):
        shift = turn % len(places)  # nobody is always the first to meet a sample
        for place in places[shift:] + places[:shift]:
            answers[place].append(_read(candidates[place].reader, sample))
    return [
        Result(
            candidate.name,
            Predictions.of(Report(candidate.reader.spec, samples, mine)),
            _median_ms(mine),
            candidate.size_bytes,
        )
        for candidate, mine in zip(candidates, answers, strict=True)
    ]


def _read(reader: Reader, sample: Sample) -> Answer | None:
    try:
        return reader.solve(sample.media)
    except CaptchaError:
        return None


def _median_ms(answers: Sequence[Answer | None]) -> float:
    times = [answer.elapsed_ms for answer in answers if answer is not None]
    return float(np.median(times)) if times else 0.0
