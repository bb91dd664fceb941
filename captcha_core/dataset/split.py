"""The split that a sample belongs to, by what it is and not by when it came."""

import hashlib
from collections.abc import Sequence
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict

from captcha_core.errors import SpecError
from captcha_core.spec.sample import Sample

SPLITS = ("train", "validation", "test")
DEFAULT_SPLIT = "0.8/0.1/0.1"
KEEP = "keep"  # the splits that samples came with
KEY_DIGITS = 13  # hexadecimal: 52 bits, which every JSON reader keeps exactly
KEYS = 16**KEY_DIGITS


class SplitRule(BaseModel):
    """Keys below the first bound go to train, below the second to validation, the others to test.

    The key is taken from the hash of the media (``content``), from the hash of the text (``text``: no string is then
    in two splits), from the place in the sequence (``position``: exact counts of drawn samples), or the split is the
    one that the source named (``given``).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: Literal["content", "text", "position", "given"] = "content"
    bounds: tuple[int, int]

    def of(self, sample: Sample, index: int) -> str:
        """Return the split of the sample at place ``index``."""
        if self.by == "given":
            return str(sample.origin.get("split", "train"))
        key = index if self.by == "position" else split_key(sample, self.by)
        return SPLITS[sum(key >= bound for bound in self.bounds)]

    @classmethod
    def of_shares(cls, shares: tuple[float, ...], by: Literal["content", "text"] = "content") -> Self:
        """Return the rule that gives each split its share of the keys."""
        first, second = shares[0], shares[0] + shares[1]
        return cls(by=by, bounds=(round(first * KEYS), round(second * KEYS)))


def split_key(sample: Sample, by: Literal["content", "text"]) -> int:
    """Return the key of a sample, evenly spread over 0 to ``KEYS``. What has no text goes by its content."""
    return key_of(sample.id, sample.text, by)


def key_of(identity: str, text: str | None, by: Literal["content", "text"]) -> int:
    """Return the key of what has this content hash and text."""
    if by == "text" and text is not None:
        return int(hashlib.sha256(text.encode()).hexdigest()[:KEY_DIGITS], 16)
    return int(identity[:KEY_DIGITS], 16)


def parse_split(text: str) -> tuple[float, ...] | tuple[int, ...]:
    """Read TRAIN/VALIDATION/TEST: three shares that add up to 1 (floats), or three whole counts (ints).

    Raises:
        SpecError: If it is neither.
    """
    parts = text.split("/")
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        numbers = []
    if len(numbers) == 3 and all(number >= 0 for number in numbers):
        if abs(sum(numbers) - 1) < 1e-6:
            return tuple(numbers)
        if sum(numbers) > 1 and all(number.is_integer() for number in numbers):
            return tuple(int(number) for number in numbers)
    raise SpecError(
        f"expected train/validation/test as three shares that add up to 1 ({DEFAULT_SPLIT}) or three counts "
        f"(800/100/100), received {text!r}; correct it."
    )


def drawn_rule(text: str, by: Literal["content", "text"], count: int) -> SplitRule:
    """Return the rule for samples yet to be drawn: shares go by hash, counts by position.

    Raises:
        SpecError: If the counts do not add up, or are asked for by text.
    """
    numbers = parse_split(text)
    if isinstance(numbers[0], float):
        return SplitRule.of_shares(numbers, by)
    _check_counts(numbers, by, count)
    return SplitRule(by="position", bounds=(int(numbers[0]), int(numbers[0] + numbers[1])))


def found_rule(text: str, by: Literal["content", "text"], keys: list[int]) -> SplitRule:
    """Return the rule for samples whose keys are known: counts are met by ranking the keys.

    Samples with equal keys stay together, so counts may be missed by the number of repeated pictures. Shares go by the
    key alone, as long as each split gets a sample; of few samples each split with a share gets at least one.

    Raises:
        SpecError: If the counts do not add up, or are asked for by text.
    """
    if text == KEEP:
        return SplitRule(by="given", bounds=(0, 0))
    numbers = parse_split(text)
    if isinstance(numbers[0], float):
        rule = SplitRule.of_shares(numbers, by)
        return rule if _reaches_all(rule, numbers, keys) else _ranked_rule(numbers, by, sorted(set(keys))) or rule
    _check_counts(numbers, by, len(keys))
    ranked = [*sorted(keys), KEYS]
    return SplitRule(by="content", bounds=(ranked[int(numbers[0])], ranked[int(numbers[0] + numbers[1])]))


def _reaches_all(rule: SplitRule, shares: Sequence[float], keys: Sequence[int]) -> bool:
    """Tell whether every split with a share gets one of the keys."""
    low, high = rule.bounds
    reached = (any(k < low for k in keys), any(low <= k < high for k in keys), any(k >= high for k in keys))
    return all(there or not share for there, share in zip(reached, shares, strict=True))


def _ranked_rule(shares: Sequence[float], by: Literal["content", "text"], keys: Sequence[int]) -> SplitRule | None:
    """Return the rule that cuts ranked keys, at least one for each split with a share; None where they are too few."""
    least = [int(share > 0) for share in shares]
    if len(keys) < sum(least):
        return None
    validation = max(least[1], round(shares[1] * len(keys)))
    test = max(least[2], round(shares[2] * len(keys)))
    while len(keys) - validation - test < least[0]:
        validation, test = (validation - 1, test) if validation > test else (validation, test - 1)
    ranked = [*keys, KEYS]
    return SplitRule(by=by, bounds=(ranked[len(keys) - validation - test], ranked[len(keys) - test]))


def _check_counts(counts: tuple[float, ...], by: str, total: int) -> None:
    if by == "text":
        raise SpecError(
            "expected shares for a split by text, received counts; strings cannot be cut to a count, use shares."
        )
    if sum(counts) != total:
        raise SpecError(
            f"expected split counts that add up to {total:,}, received {sum(counts):,}; correct the counts."
        )
