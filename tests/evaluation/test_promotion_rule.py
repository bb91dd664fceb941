"""The rule's verdicts, in words."""

import numpy as np
import pytest
from pydantic import ValidationError

from captcha_core.evaluation.promotion_rule import Contender, PromotionRule
from tests.evaluation.test_significance import paired


def contender(right: np.ndarray, latency_ms: float = 1.0, size_bytes: int = 1000) -> Contender:
    return Contender("model", right, latency_ms, size_bytes)


@pytest.mark.parametrize(
    ("counts", "promote"),
    [
        ((1900, 10, 10, 80), True),  # as good, and enough samples to say so
        ((1900, 60, 5, 35), True),  # better
        ((1900, 5, 60, 35), False),  # worse
        ((95, 1, 1, 3), False),  # as good as far as one can see, which is not far
        ((0, 0, 0, 0), False),  # nothing seen
    ],
)
def test_not_worse(counts: tuple[int, int, int, int], promote: bool) -> None:
    champion, challenger = paired(*counts)
    verdict = PromotionRule().judge(contender(champion), contender(challenger))
    assert verdict.promote is promote
    assert [reason.holds for reason in verdict.reasons] == [promote, sum(counts) > 0, True, True]


def test_a_small_data_set_is_named_as_the_reason() -> None:
    champion, challenger = paired(95, 1, 1, 3)
    verdict = PromotionRule().judge(contender(champion), contender(challenger))
    assert "too small to tell: equally good models that differ as often take about 1,397" in str(verdict)


@pytest.mark.parametrize(("n", "promote"), [(0, False), (298, False), (299, True)])
def test_perfect_models_are_exchanged_as_soon_as_there_is_proof(n: int, promote: bool) -> None:
    perfect = contender(np.ones(n, dtype=bool))
    verdict = PromotionRule().judge(perfect, perfect)
    assert verdict.promote is promote
    assert ("take about 299" in str(verdict)) is not promote
    assert PromotionRule(margin=0.02).judge(perfect, perfect).promote is (n > 0)


def test_a_close_call_on_enough_samples_and_a_clear_loss_are_not_blamed_on_the_data() -> None:
    close, lost = paired(9400, 210, 290, 100), paired(9000, 100, 400, 500)
    texts = [str(PromotionRule().judge(contender(old), contender(new))) for old, new in (close, lost)]
    assert "too close to tell" in texts[0] and "too small" not in texts[0]
    assert "to tell" not in texts[1]


def test_slow_and_large_challengers_are_refused_in_words() -> None:
    champion, challenger = paired(1900, 10, 10, 80)
    verdict = PromotionRule().judge(contender(champion), contender(challenger, latency_ms=1.3, size_bytes=1600))
    assert not verdict.promote
    assert [reason.condition for reason in verdict.reasons if not reason.holds] == ["latency", "size"]
    assert "1.30 times, allowed 1.2 times" in verdict.reasons[2].sentence
    assert str(verdict).startswith("do not promote:\nyes exact match 95.50% against 95.50% on 2,000 samples")
    wide = PromotionRule(max_latency_ratio=2, max_size_ratio=2)
    assert wide.judge(contender(champion), contender(challenger, 1.3, 1600)).promote


@pytest.mark.parametrize(
    "options",
    [
        {"margin": 0},
        {"margin": 1},
        {"confidence": 0.5},
        {"confidence": 1},
        {"max_size_ratio": 0},
        {"max_latency_ratio": 0},
        {"min_exact_match": 1.5},
        {"colour": "red"},
    ],
)
def test_a_rule_that_cannot_be_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        PromotionRule.model_validate(options)


def test_the_sentence_tells_every_figure() -> None:
    champion, challenger = paired(700, 0, 100, 200)
    first, reads, latency, size = PromotionRule(margin=0.02).judge(contender(champion), contender(challenger)).reasons
    assert first.sentence == (
        "exact match 70.00% against 80.00% on 1,000 samples: -10.00 points, with 95% confidence about -11.67 or more; "
        "that it is 2.00 points worse has p = 1, allowed 0.05 (read only by the challenger 0, only by the champion "
        "100, McNemar p < 0.0001)."
    )
    assert reads.sentence == "exact match 70.00%: a champion reads at least 1.00%."
    assert latency.sentence == "latency 1.000 ms a sample against 1.000 ms a sample: 1.00 times, allowed 1.2 times."
    assert size.sentence == "size 1,000 bytes against 1,000 bytes: 1.00 times, allowed 1.5 times."


def test_what_is_as_slow_and_large_as_allowed_passes_and_nothing_has_no_ratio() -> None:
    champion, challenger = paired(1900, 10, 10, 80)
    rule = PromotionRule(max_latency_ratio=2, max_size_ratio=2)
    assert rule.judge(contender(champion), contender(challenger, 2.0, 2000)).promote
    assert not rule.judge(contender(champion), contender(challenger, 2.0, 2001)).promote
    without = rule.judge(contender(champion, 0.0), contender(challenger, 0.0)).reasons[2]
    assert without.holds and "no ratio" in without.sentence


def test_a_set_too_small_for_any_proof_says_so_even_of_a_challenger_that_reads_less() -> None:
    verdict = PromotionRule().judge(*(contender(one) for one in paired(90, 0, 10, 0)))
    assert "too small to tell: equally good models that differ as often take about 6,215" in str(verdict)


@pytest.mark.parametrize(("read", "promote"), [(0, False), (4, False), (5, True), (500, True)])
def test_models_that_read_next_to_nothing_are_not_exchanged(read: int, promote: bool) -> None:
    same = contender(np.arange(500) < read)
    verdict = PromotionRule().judge(same, same)
    assert verdict.promote is promote
    assert [reason.condition for reason in verdict.reasons if not reason.holds] == ([] if promote else ["reads"])
    assert PromotionRule(min_exact_match=0).judge(same, same).promote


def test_a_rule_may_be_wide_and_is_not_changed() -> None:
    rule = PromotionRule(confidence=0.6, max_latency_ratio=0.5, max_size_ratio=0.9)
    with pytest.raises(ValidationError):
        rule.margin = 0.5


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ((298, 0, 0, 0), "too small to tell"),
        ((281, 0, 3, 16), "too small to tell"),  # a loss of just the margin
        ((9000, 0, 100, 900), "too close to tell"),  # the same of many
        ((6, 0, 4, 289), ""),  # a loss of more than the margin, which no number of samples turns into a proof
    ],
)
def test_why_there_is_no_proof(counts: tuple[int, int, int, int], said: str) -> None:
    champion, challenger = paired(*counts)
    sentence = PromotionRule().judge(contender(champion), contender(challenger)).reasons[0].sentence
    assert (said in sentence) if said else "to tell" not in sentence
