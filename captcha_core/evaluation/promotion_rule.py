"""When a challenger takes the champion's place: conditions, and a verdict with its reasons in sentences."""

from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from captcha_core.evaluation.significance import (
    Difference,
    McNemar,
    chance,
    mcnemar,
    needed_samples,
    not_worse_p,
    paired_difference,
)


@dataclass(frozen=True, slots=True)
class Contender:
    """What one model did on the data both were given.

    Args:
        name: How messages call it.
        right: Whether it read each sample, bool (B,).
        latency_ms: Its median time for one sample.
        size_bytes: What has to be shipped.
    """

    name: str
    right: np.ndarray
    latency_ms: float
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Reason:
    """One condition of a rule: whether it holds, and a sentence with the figures."""

    condition: str
    holds: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Yes or no, with every reason."""

    reasons: tuple[Reason, ...]

    @property
    def promote(self) -> bool:
        """Whether every condition holds."""
        return all(reason.holds for reason in self.reasons)

    def __str__(self) -> str:
        lines = [f"{'yes' if reason.holds else 'no '} {reason.sentence}" for reason in self.reasons]
        return "\n".join([f"{'promote' if self.promote else 'do not promote'}:", *lines])


class PromotionRule(BaseModel):
    """When a challenger may take the champion's place.

    Args:
        confidence: How sure to be that the challenger is not worse; the test is exact, so that a challenger that is
            worse by the margin passes in at most 5 % of all data sets at 0.95.
        margin: Loss of exact match that still counts as not worse. It has to be above zero: no finite test can show
            that two equally good models differ by nothing.
        min_exact_match: Share that a champion has to read, the first one of its validation set: two models that read
            next to nothing are never worse than each other.
        max_latency_ratio: Latency allowed, in champions' latencies.
        max_size_ratio: Size allowed, in champions' sizes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    margin: float = Field(default=0.01, gt=0, lt=1)
    min_exact_match: float = Field(default=0.01, ge=0, le=1)
    max_latency_ratio: float = Field(default=1.2, gt=0)
    max_size_ratio: float = Field(default=1.5, gt=0)

    def judge(self, champion: Contender, challenger: Contender) -> Verdict:
        """Decide, and say why in words.

        Raises:
            ValueError: If the two did not answer the same samples.
        """
        return Verdict(
            (
                self._not_worse(champion, challenger),
                self._reads(challenger),
                _within(
                    "latency", challenger.latency_ms, champion.latency_ms, self.max_latency_ratio, "{:.3f} ms a sample"
                ),
                _within("size", challenger.size_bytes, champion.size_bytes, self.max_size_ratio, "{:,} bytes"),
            )
        )

    def _not_worse(self, champion: Contender, challenger: Contender) -> Reason:
        difference = paired_difference(champion.right, challenger.right, self.confidence)
        test = mcnemar(champion.right, challenger.right)
        p_value = not_worse_p(test.gained, test.lost, difference.n, self.margin)
        holds = p_value <= 1 - self.confidence
        why = "" if holds else self._what_it_takes(test, difference)
        return Reason(
            "not worse",
            holds,
            f"exact match {_share(challenger.right):.2%} against {_share(champion.right):.2%} on {difference.n:,} "
            f"samples: {difference.value * 100:+.2f} points, with {self.confidence:.0%} confidence about "
            f"{difference.at_least * 100:+.2f} or more; that it is {self.margin * 100:.2f} points worse has "
            f"{chance(p_value)}, allowed {1 - self.confidence:.3g}{why} "
            f"(read only by the challenger {test.gained:,}, only by the champion {test.lost:,}, "
            f"McNemar {chance(test.p_value)}).",
        )

    def _reads(self, challenger: Contender) -> Reason:
        share = _share(challenger.right)
        return Reason(
            "reads",
            share >= self.min_exact_match,
            f"exact match {share:.2%}: a champion reads at least {self.min_exact_match:.2%}.",
        )

    def _what_it_takes(self, test: McNemar, difference: Difference) -> str:
        """Return how many samples would tell, where the challenger may be as good and the data set cannot show it."""
        apart = (test.gained + test.lost) / difference.n if difference.n else 0.0
        takes = needed_samples(self.margin, self.confidence, apart)
        fewest = needed_samples(self.margin, self.confidence)
        if difference.n < fewest or (difference.value >= -self.margin and difference.n < takes):
            return f"; the data set is too small to tell: equally good models that differ as often take about {takes:,}"
        return "; too close to tell" if difference.value >= -self.margin else ""


def _share(right: np.ndarray) -> float:
    return float(np.mean(right)) if len(right) else 0.0


def _within(noun: str, new: float, old: float, limit: float, form: str) -> Reason:
    holds = new <= limit * old
    return Reason(
        noun,
        holds,
        f"{noun} {form.format(new)} against {form.format(old)}: {_ratio(new, old)}, allowed {limit:g} times.",
    )


def _ratio(new: float, old: float) -> str:
    return f"{new / old:.2f} times" if old else "no ratio"
