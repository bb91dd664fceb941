"""Decoding against truth tables and against brute force over every path."""

import itertools
from collections import defaultdict

import numpy as np
import pytest

from captcha_core.errors import SpecError
from captcha_core.models.decode import Limits, decode, log_probability, log_softmax, read
from captcha_core.spec.captcha import CaptchaSpec


def spec(low: int, high: int, alphabet: str = "ab") -> CaptchaSpec:
    return CaptchaSpec.build(
        media="image", alphabet=alphabet, min_length=low, max_length=high, height_px=16, width_px=32, channels=1
    )


def text_of(path: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(c for c, before in zip(path, (0, *path[:-1]), strict=True) if c and c != before)


def paths(logits: np.ndarray) -> list[tuple[tuple[int, ...], float]]:
    log_p = log_softmax(logits)
    steps, classes = logits.shape
    return [
        (path, float(sum(log_p[t, c] for t, c in enumerate(path))))
        for path in itertools.product(range(classes), repeat=steps)
    ]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(("low", "high"), [(1, 1), (2, 2), (1, 3), (3, 3)])
def test_ctc_takes_the_best_path_of_an_allowed_length(seed: int, low: int, high: int) -> None:
    logits = np.random.default_rng(seed).normal(0, 2, (6, 3))
    answer = decode("ctc", logits, Limits.of(spec(low, high)))
    allowed = [(score, text_of(path)) for path, score in paths(logits) if low <= len(text_of(path)) <= high]
    assert tuple(answer.ids) == max(allowed)[1]


@pytest.mark.parametrize("seed", range(10))
def test_ctc_confidence_sums_every_path_of_the_text(seed: int) -> None:
    logits = np.random.default_rng(seed).normal(0, 2, (5, 3))
    totals: dict[tuple[int, ...], float] = defaultdict(float)
    for path, score in paths(logits):
        totals[text_of(path)] += np.exp(score)
    answer = decode("ctc", logits, Limits.of(spec(1, 3)))
    assert answer.confidence == pytest.approx(totals[tuple(answer.ids)])


def test_ctc_spans_are_the_steps_of_each_character() -> None:
    logits = np.full((7, 3), -5.0)
    for t, c in enumerate([0, 1, 1, 0, 2, 0, 0]):
        logits[t, c] = 5.0
    answer = decode("ctc", logits, Limits.of(spec(1, 3)))
    assert answer.ids.tolist() == [1, 2]
    assert answer.spans.tolist() == [[1, 3], [4, 5]]


@pytest.mark.parametrize("seed", range(10))
def test_positions_take_the_likeliest_text_of_an_allowed_length(seed: int) -> None:
    logits = np.random.default_rng(seed).normal(0, 2, (4, 3))
    log_p = log_softmax(logits)
    answer = decode("positions", logits, Limits.of(spec(2, 4)))
    scores = {}
    for n in (2, 3, 4):
        for ids in itertools.product((1, 2), repeat=n):
            scores[ids] = sum(log_p[i, c] for i, c in enumerate(ids)) + log_p[n:, 0].sum()
    best = max(scores, key=lambda ids: scores[ids])
    assert tuple(answer.ids) == best
    assert answer.confidence == pytest.approx(np.exp(scores[best]))


def test_a_fixed_length_never_answers_with_a_blank() -> None:
    logits = np.array([[9.0, 1.0, 0.0], [9.0, 0.0, 1.0]])
    assert read("positions", logits[None], spec(2, 2)) == ["ab"]


def test_a_narrower_alphabet_is_kept_to() -> None:
    wide = spec(2, 2, "abc")
    logits = np.array([[0.0, 1.0, 5.0, 0.0], [0.0, 1.0, 5.0, 2.0]])
    answer = decode("positions", logits, Limits.of(wide, alphabet="ac"))
    assert wide.charset.decode(answer.ids) == "ac"


def test_impossible_limits_are_refused() -> None:
    with pytest.raises(SpecError, match="expected limits that some text of 2 to 4 characters can meet"):
        Limits.of(spec(2, 4), min_length=5)


def test_log_softmax_of_far_logits_is_finite_and_sums_to_one() -> None:
    found = log_softmax(np.array([[2000.0, 0.0, -2000.0], [-3000.0, -3000.0, -3000.0]]))
    assert found[0].tolist() == [0.0, -2000.0, -4000.0]
    assert np.exp(found).sum(axis=1) == pytest.approx([1.0, 1.0])


@pytest.mark.parametrize(
    ("asked", "lengths"), [((None, None), (2, 4)), ((1, 9), (2, 4)), ((3, 3), (3, 3)), ((4, None), (4, 4))]
)
def test_limits_narrow_the_specification_and_never_widen_it(asked: tuple[int, int], lengths: tuple[int, int]) -> None:
    limits = Limits.of(spec(2, 4), None, *asked)
    assert (limits.min_length, limits.max_length) == lengths
    assert limits.allowed.tolist() == [True] * 3


def test_a_character_of_ctc_is_as_likely_as_at_its_surest_step() -> None:
    p = np.array([[0.1, 0.6, 0.3], [0.05, 0.9, 0.05], [0.8, 0.1, 0.1], [0.3, 0.0001, 0.6999]])
    answer = decode("ctc", np.log(p), Limits.of(spec(1, 3)))
    assert answer.probabilities == pytest.approx([0.9, 0.6999])


def test_a_fixed_length_shares_out_the_blanks_probability() -> None:
    p = np.array([[0.5, 0.4, 0.1], [0.9, 0.02, 0.08]])
    answer = decode("positions", np.log(p), Limits.of(spec(2, 2)))
    assert answer.probabilities == pytest.approx([0.8, 0.8])
    assert answer.confidence == pytest.approx(0.64)
    assert answer.spans.tolist() == [[0, 1], [1, 2]]


@pytest.mark.parametrize(
    ("alphabet", "asked", "kept", "lengths"),
    [
        ("aB", (2, 3), "abB", (2, 3)),  # in whatever case
        ("ä1", (1, 9), "abcB1", (2, 4)),  # one known character says nothing; lengths are the reader's at most
        ("a1", (5, 9), "a1", (4, 4)),
        ("cb", (0, 1), "bcB", (2, 2)),
    ],
)
def test_a_reader_of_many_kinds_keeps_to_what_is_known(
    alphabet: str, asked: tuple[int, int], kept: str, lengths: tuple[int, int]
) -> None:
    reader = spec(2, 4, "abcB1")
    limits = Limits.within(reader, alphabet, *asked)
    assert "".join(np.array([*reader.alphabet])[limits.allowed[1:]]) == "".join(sorted(kept, key=reader.alphabet.index))
    assert limits.allowed[0] and (limits.min_length, limits.max_length) == lengths


def test_one_character_is_an_alphabet() -> None:
    assert Limits.of(spec(1, 2), alphabet="a").allowed.tolist() == [True, True, False]


def test_log_softmax_is_over_the_last_axis_of_many() -> None:
    shares = np.exp(log_softmax(np.random.default_rng(0).normal(size=(2, 3, 5))))
    assert shares.sum(axis=-1) == pytest.approx(np.ones((2, 3)))


@pytest.mark.parametrize("head", ["ctc", "positions"])
def test_a_text_that_cannot_be_has_the_least_of_all_likelihoods(head: str) -> None:
    log_p = log_softmax(np.array([[0.0, -5000.0, 0.0], [0.0, -5000.0, 0.0]]))
    assert log_probability(head, log_p, [1]) == pytest.approx(np.log(1e-300))
    assert np.exp(log_probability(head, log_p, [2])) == pytest.approx(0.75 if head == "ctc" else 0.25)


def test_what_is_not_allowed_has_no_share_of_the_confidence() -> None:
    logits = np.array([[0.0, 3.0, 50.0, 3.0], [0.0, 3.0, 50.0, 3.0]])
    found = decode("positions", logits, Limits.of(spec(2, 2, "abc"), alphabet="ac"))
    assert found.probabilities == pytest.approx([0.5, 0.5])
