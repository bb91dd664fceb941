"""Two readers on the same samples."""

from dataclasses import dataclass, field

import pytest

from captcha_core.errors import DataError, ModelError
from captcha_core.evaluation.promotion_rule import PromotionRule
from captcha_core.evaluation.side_by_side import Candidate, Comparison, read_in_turns
from captcha_core.spec.answer import Answer
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample

SPEC = CaptchaSpec.build(
    media="image", alphabet="0123", min_length=1, max_length=2, height_px=16, width_px=32, channels=1
)
LOG: list[str] = []


@dataclass
class Reads:
    """Reads the text that the media name, but for those it is told to miss."""

    name: str
    misses: set[str] = field(default_factory=set)
    spec: CaptchaSpec = SPEC
    ms: float = 1.0

    def solve(self, media: bytes) -> Answer:
        LOG.append(self.name)
        text = media.decode().partition(" ")[0]
        if "x" in text:
            raise DataError("expected an image, received none.")
        return Answer("3" if text in self.misses else text, 0.9, (), self.ms)


def samples(*texts: str) -> list[Sample]:
    return [Sample(f"{text} {number}".encode(), text.replace("x", "1")) for number, text in enumerate(texts)]


def test_figures_of_both() -> None:
    old, new = Reads("old", {"01"}, ms=2.0), Reads("new", {"2"}, ms=1.0)
    comparison = Comparison(
        *read_in_turns([Candidate("old", old, 1000), Candidate("new", new, 500)], samples("01", "2", "01", "1x"))
    )
    figures = comparison.figures()
    assert figures["champion"]["exact_match"] == 0.25
    assert figures["challenger"]["exact_match"] == 0.5
    assert figures["challenger"]["unreadable"] == 1.0
    assert figures["mcnemar"] == {"gained": 2, "lost": 1, "p_value": 1.0}
    assert figures["challenger"]["latency_p50_ms"] == 1.0
    assert figures["champion"]["model_bytes"] == 1000.0
    lengths = {row["key"]: (row["champion"]["hits"], row["challenger"]["hits"]) for row in figures["by_length"]}
    assert lengths == {"1": (1, 0), "2": (0, 2)}
    characters = {row["key"]: row["challenger"]["n"] for row in figures["by_character"]}
    assert characters == {"0": 2, "1": 3, "2": 1}


def test_the_verdict_comes_from_the_same_answers() -> None:
    old, new = Reads("old"), Reads("new", {"01"}, ms=1.5)
    comparison = Comparison(
        *read_in_turns([Candidate("old", old, 1000), Candidate("new", new, 1000)], samples(*["01", "2"] * 50))
    )
    verdict = comparison.verdict(PromotionRule())
    assert [reason.holds for reason in verdict.reasons] == [False, True, False, True]


def test_both_meet_samples_in_turns() -> None:
    LOG.clear()
    read_in_turns([Candidate("a", Reads("a"), 1), Candidate("b", Reads("b"), 1)], samples("0", "1", "2", "3"))
    assert LOG == ["a", "b"] * 4 + ["a", "b", "b", "a"] * 2, "a warm-up, and then nobody is always first"


def test_models_of_other_captchas_are_refused() -> None:
    other = SPEC.model_copy(update={"alphabet": "01"})
    with pytest.raises(ModelError, match="alphabet '0123' and '01'"):
        read_in_turns([Candidate("a", Reads("a"), 1), Candidate("b", Reads("b", spec=other), 1)], samples("0"))
