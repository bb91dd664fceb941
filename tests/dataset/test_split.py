"""Splits depend on what a sample is: near the shares asked for, never the same sample in two."""

from collections import Counter

import pytest

from captcha_core.dataset.split import SplitRule, drawn_rule, found_rule, key_of, parse_split, split_key
from captcha_core.errors import SpecError
from captcha_core.spec.sample import Sample

SAMPLES = [Sample(f"media {i}".encode(), f"{i % 50:04d}") for i in range(2000)]


def test_shares_are_met_nearly() -> None:
    rule = SplitRule.of_shares((0.7, 0.1, 0.2))
    counts = Counter(rule.of(sample, index) for index, sample in enumerate(SAMPLES))
    assert abs(counts["train"] - 1400) < 80 and abs(counts["validation"] - 200) < 60 and abs(counts["test"] - 400) < 70


def test_a_sample_stays_in_its_split_wherever_it_comes() -> None:
    rule = drawn_rule("0.8/0.1/0.1", "content", 10)
    assert all(rule.of(sample, 0) == rule.of(sample, 999) for sample in SAMPLES)


def test_by_text_no_string_is_in_two_splits() -> None:
    rule = drawn_rule("0.5/0.25/0.25", "text", 10)
    splits: dict[str, set[str]] = {}
    for index, sample in enumerate(SAMPLES):
        splits.setdefault(sample.text or "", set()).add(rule.of(sample, index))
    assert all(len(found) == 1 for found in splits.values())
    assert len(set.union(*splits.values())) == 3


def test_counts_of_drawn_samples_go_by_position() -> None:
    rule = drawn_rule("6/3/1", "content", 10)
    assert [rule.of(sample, index) for index, sample in enumerate(SAMPLES[:10])] == ["train"] * 6 + [
        "validation"
    ] * 3 + ["test"]


def test_counts_of_found_samples_are_exact() -> None:
    rule = found_rule("1500/300/200", "content", [split_key(sample, "content") for sample in SAMPLES])
    counts = Counter(rule.of(sample, index) for index, sample in enumerate(SAMPLES))
    assert counts == {"train": 1500, "validation": 300, "test": 200}


def test_all_can_go_to_one_split() -> None:
    for text, split in (("1/0/0", "train"), ("0/0/1", "test")):
        rule = drawn_rule(text, "content", 2000)
        assert {rule.of(sample, index) for index, sample in enumerate(SAMPLES)} == {split}
    rule = found_rule("0/0/2000", "content", [split_key(sample, "content") for sample in SAMPLES])
    assert {rule.of(sample, index) for index, sample in enumerate(SAMPLES)} == {"test"}


def test_named_splits_are_kept() -> None:
    rule = found_rule("keep", "content", [])
    assert rule.of(Sample(b"", "1", origin={"split": "validation"}), 0) == "validation"
    assert rule.of(Sample(b"", "1"), 0) == "train"


@pytest.mark.parametrize("text", ["0.8/0.1", "0.8/0.1/0.2", "a/b/c", "-1/1/1", "", "10.5/1/1", "nan/0/1"])
def test_what_is_no_split_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match="expected train/validation/test as three shares"):
        parse_split(text)


def test_counts_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(SpecError, match="expected split counts that add up to 10, received 12"):
        drawn_rule("8/2/2", "content", 10)
    with pytest.raises(SpecError, match="expected shares for a split by text, received counts"):
        drawn_rule("8/1/1", "text", 10)


def test_counts_of_found_samples_have_to_add_up() -> None:
    with pytest.raises(SpecError, match="expected split counts that add up to 10, received 12"):
        found_rule("8/2/2", "content", list(range(10)))


def test_keys_that_lie_on_a_bound_belong_behind_it() -> None:
    whole = SplitRule.of_shares((0.5, 0.25, 0.25))
    low, high = whole.bounds
    assert found_rule("0.5/0.25/0.25", "content", [0, low, high]) == whole, "each split has one already"
    ranked = found_rule("0.5/0.25/0.25", "content", [low, low + 1, high])
    assert ranked.bounds == (low + 1, high), "none lies before the first bound, so the keys are cut by rank"


@pytest.mark.parametrize(
    ("shares", "keys", "counts"),
    [
        ("0.8/0.1/0.1", range(3), (1, 1, 1)),
        ("0.8/0.1/0.1", range(10), (8, 1, 1)),
        ("0.2/0.5/0.3", range(10), (2, 5, 3)),
        ("0.02/0.49/0.49", range(4), (1, 2, 1)),
        ("0.9/0.1/0", range(4), (3, 1, 0)),
        ("0/0.5/0.5", range(3), (0, 2, 1)),
    ],
)
def test_of_few_samples_each_split_with_a_share_gets_one(
    shares: str, keys: range, counts: tuple[int, int, int]
) -> None:
    """All keys are low, where the shares of the whole range would put all of them into train."""
    low, high = found_rule(shares, "content", list(keys)).bounds
    found = (sum(k < low for k in keys), sum(low <= k < high for k in keys), sum(k >= high for k in keys))
    assert found == counts


def test_a_key_is_the_same_on_every_machine_and_in_every_version() -> None:
    assert key_of("f" * 64, "1234", "text") == 64_624_026_283_838
    assert key_of("0123456789abcdef" * 4, "1234", "content") == key_of("0123456789abc" * 5, None, "text")
    assert key_of("0123456789abcdef" * 4, "1234", "content") == 0x0123456789ABC


@pytest.mark.parametrize(("text", "count"), [("6/3/1", 11), ("6/3/1", 9), ("2/0/0", 1)])
def test_counts_that_do_not_add_up_are_refused_before_drawing(text: str, count: int) -> None:
    with pytest.raises(SpecError, match="received"):
        drawn_rule(text, "content", count)


def test_two_captchas_can_be_counted() -> None:
    assert parse_split("1/1/0") == (1, 1, 0) and parse_split("1/0/0") == (1.0, 0.0, 0.0)
    assert drawn_rule("1/1/0", "content", 2).bounds == (1, 2)
