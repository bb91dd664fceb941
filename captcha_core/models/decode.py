"""Logits to text with confidences. NumPy only, so that solving needs no TensorFlow."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from captcha_core.errors import SpecError
from captcha_core.spec.captcha import BLANK, CaptchaSpec

LEAST = 1e-300  # a probability below which texts are equally unlikely


@dataclass(frozen=True)
class Limits:
    """What an answer may look like: which classes, and how many characters."""

    allowed: np.ndarray  # bool (K + 1,), the blank always allowed
    min_length: int
    max_length: int

    @classmethod
    def of(
        cls,
        spec: CaptchaSpec,
        alphabet: str | None = None,
        min_length: int | None = None,
        max_length: int | None = None,
    ) -> "Limits":
        """Limits of a specification, narrowed by what a user asks for.

        Raises:
            SpecError: If nothing could satisfy them.
        """
        allowed = np.ones(spec.charset.classes, dtype=bool)
        if alphabet is not None:
            allowed[:] = False
            allowed[[BLANK, *spec.charset.encode([alphabet], len(alphabet))[0]]] = True
        low = spec.min_length if min_length is None else max(min_length, spec.min_length)
        high = spec.max_length if max_length is None else min(max_length, spec.max_length)
        if low > high or not allowed[1:].any():
            raise SpecError(
                f"expected limits that some text of {spec.min_length} to {spec.max_length} characters can meet, "
                f"received lengths {min_length} to {max_length} and alphabet {alphabet!r}; widen them."
            )
        return cls(allowed, low, high)

    @classmethod
    def within(cls, reader: CaptchaSpec, alphabet: str, min_length: int, max_length: int) -> "Limits":
        """Limits for a reader of many kinds, where the characters, in whatever case, and the lengths are known.

        Of characters that the reader does not know nothing is asked; where it knows fewer than two, it reads freely.
        """
        forms = {form for character in alphabet for form in (character, character.lower(), character.upper())}
        known = "".join(character for character in reader.alphabet if character in forms)
        low, high = (min(max(length, reader.min_length), reader.max_length) for length in (min_length, max_length))
        return cls.of(reader, known if len(known) > 1 else None, low, high)


@dataclass(frozen=True)
class Decoded:
    """Class ids (n,), their probabilities (n,), the steps [start, end) they came from (n, 2), and that of the whole."""

    ids: np.ndarray
    probabilities: np.ndarray
    spans: np.ndarray
    confidence: float


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Return float64 log-probabilities over the last axis."""
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def decode(head: str, logits: np.ndarray, limits: Limits) -> Decoded:
    """Decode the logits (T, K + 1) of one sample by the rule of its head: ``positions`` or ``ctc``."""
    return DECODERS[head](logits, limits)


def read(head: str, logits: np.ndarray, spec: CaptchaSpec) -> list[str]:
    """Return the texts of logits (B, T, K + 1), without confidences."""
    limits = Limits.of(spec)
    return [spec.charset.decode(decode(head, sample, limits).ids) for sample in logits]


def decode_positions(logits: np.ndarray, limits: Limits) -> Decoded:
    """Take the likeliest character at each position, and the likeliest allowed length.

    Position i holds the i-th character or, behind the text, the blank. The length n maximises the product of
    the characters' probabilities before n and the blanks' from n on.
    """
    log_p = log_softmax(np.where(limits.allowed, logits, -1e9))
    best = log_p[:, 1:].argmax(axis=1) + 1
    characters = log_p[np.arange(len(log_p)), best]
    lengths = np.arange(limits.min_length, limits.max_length + 1)
    totals = [characters[:n].sum() + log_p[n:, BLANK].sum() for n in lengths]
    n = int(lengths[int(np.argmax(totals))])
    known = limits.min_length == limits.max_length  # then blanks were never possible: share out their probability
    share = log_p[:n, 1:] - np.log(np.exp(log_p[:n, 1:]).sum(axis=1, keepdims=True)) if known else log_p[:n, 1:]
    chosen = share[np.arange(n), best[:n] - 1]
    whole = chosen.sum() + (0.0 if known else log_p[n:, BLANK].sum())
    steps = np.arange(n)
    return Decoded(best[:n], np.exp(chosen), np.stack([steps, steps + 1], axis=1), float(np.exp(whole)))


def decode_ctc(logits: np.ndarray, limits: Limits) -> Decoded:
    """Best path of connectionist temporal classification (Graves et al., 2006), within the allowed lengths.

    The greedy path is taken when its text has an allowed length; else the best path among those that have one.
    """
    log_p = log_softmax(np.where(limits.allowed, logits, -1e9))
    runs = _runs(log_p.argmax(axis=1).tolist())
    if not limits.min_length <= len(runs) <= limits.max_length:
        runs = _runs(_constrained_path(log_p, limits).tolist())
    ids = [index for index, _, _ in runs]
    peaks = [log_p[start:end, index].max() for index, start, end in runs]
    spans = np.array([(start, end) for _, start, end in runs], dtype=int).reshape(-1, 2)
    return Decoded(np.array(ids, dtype=int), np.exp(peaks), spans, _total(log_p, ids))


def _runs(path: list[int]) -> list[tuple[int, int, int]]:
    """Return the characters of a path: class, first step, and the step behind the last."""
    runs, before, start = [], BLANK, 0
    for step, index in enumerate([*path, BLANK]):
        if index != before:
            if before != BLANK:
                runs.append((before, start, step))
            before, start = index, step
    return runs


def _constrained_path(log_p: np.ndarray, limits: Limits) -> np.ndarray:
    """Viterbi over (characters so far, class now): the best path with an allowed number of characters."""
    steps, classes = log_p.shape
    most = limits.max_length
    score = np.full((most + 1, classes), -np.inf)
    score[0, BLANK] = log_p[0, BLANK]
    score[1, 1:] = log_p[0, 1:]
    came = np.zeros((steps, most + 1, classes), dtype=np.int32)  # class at the step before
    every = np.arange(classes)
    for t in range(1, steps):
        stay = score  # the same class again keeps the count
        to_blank = score.argmax(axis=1)
        best_two = np.argsort(score, axis=1)[:, -2:]
        first, second = best_two[:, 1], best_two[:, 0]
        rows = np.arange(most + 1)
        previous = np.where(every[None, :] == first[:, None], second[:, None], first[:, None])
        enter = np.full_like(score, -np.inf)
        enter[1:] = score[rows[:-1, None], previous[:-1]]
        new = np.where(enter > stay, enter, stay)
        back = np.where(enter > stay, np.roll(previous, 1, axis=0), every[None, :])
        new[:, BLANK] = score[rows, to_blank]
        back[:, BLANK] = to_blank
        came[t] = back
        score = new + log_p[t]
    counts = np.arange(most + 1)
    score[(counts < limits.min_length) | (counts > limits.max_length)] = -np.inf
    count, state = np.unravel_index(int(score.argmax()), score.shape)
    path = np.empty(steps, dtype=np.int64)
    for t in range(steps - 1, -1, -1):
        path[t] = state
        before = came[t, count, state]
        count -= int(state != BLANK and before != state) if t else 0
        state = before
    return path


def _total(log_p: np.ndarray, ids: Sequence[int]) -> float:
    """Probability of the text over all its paths (the CTC forward recursion).

    Plain floats: for a dozen states a loop in Python is ten times as fast as NumPy calls.
    """
    line = [BLANK] * (2 * len(ids) + 1)
    line[1::2] = ids
    skip = [float(s > 1 and line[s] != BLANK and line[s] != line[s - 2]) for s in range(len(line))]
    first, *rest = np.exp(log_p[:, line]).tolist()
    alpha = [p if s < 2 else 0.0 for s, p in enumerate(first)]
    for emitted in rest:
        one, two = [0.0, *alpha], [0.0, 0.0, *alpha]
        alpha = [p * (a + b + c * d) for p, a, b, c, d in zip(emitted, alpha, one, two, skip, strict=False)]
    return sum(alpha[-2:])


def likelihood(head: str, logits: np.ndarray, ids: Sequence[int] | np.ndarray, allowed: np.ndarray) -> float:
    """Return how likely a text of class ids (n,) is by logits (T, K + 1), of texts of the allowed classes (K + 1,)."""
    return math.exp(log_probability(head, log_softmax(np.where(allowed, logits, -1e9)), list(ids)))


def log_probability(head: str, log_p: np.ndarray, ids: Sequence[int]) -> float:
    """Return the natural logarithm of how likely a text is, at least that of 1e-300.

    Args:
        head: ``positions`` or ``ctc``.
        log_p: Log-probabilities (T, K + 1).
        ids: The text's classes, at most T.
    """
    if head == "ctc":
        return math.log(max(_total(log_p, ids), LEAST))
    line = [*ids, *[BLANK] * (len(log_p) - len(ids))]
    return max(float(log_p[np.arange(len(log_p)), line].sum()), math.log(LEAST))


DECODERS = {"positions": decode_positions, "ctc": decode_ctc}
