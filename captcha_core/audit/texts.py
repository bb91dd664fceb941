"""What the labels alone say: texts in two splits, rare characters, mixed scripts, what a test split can prove."""

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence

from captcha_core.audit.finding import Finding, Place
from captcha_core.dataset.split import SPLITS
from captcha_core.evaluation.metrics import wilson_interval
from captcha_core.spec.captcha import CaptchaSpec

LEARNABLE = 20  # times that a character should be in the train split
TESTABLE = 10  # and in the test split
HELD_OUT = ("validation", "test")
LIKELY = 0.9  # exact match at which the width of an interval is asked for
MOST_SAMPLES = 10_000_000


def texts_in_two_splits(places: Sequence[Place], spec: CaptchaSpec) -> list[Finding]:
    """Return how many held-out captchas have a text that other captchas of the train split have, against chance."""
    by_split = {split: [place for place in places if place.split == split and place.text] for split in SPLITS}
    known = {place.text for place in by_split["train"]}
    trained = {place.id for place in by_split["train"]}
    found = []
    for split in HELD_OUT:
        held = [place for place in by_split[split] if place.id not in trained]
        shared = tuple(place for place in held if place.text in known)
        if not shared:
            continue
        by_chance = len(held) * _chance(len(by_split["train"]), spec)
        found.append(
            Finding(
                "text",
                f"{len(shared):,} of {len(held):,} {split} captchas have a text that is in train as well, "
                f"{by_chance:,.0f} by chance alone (import with --split-by text to keep them apart)",
                shared,
                weight=max(0.0, len(shared) - by_chance) / len(held),
            )
        )
    return found


def _chance(trained: int, spec: CaptchaSpec) -> float:
    """Return how likely a text drawn at random is among so many others."""
    texts = sum(float(len(spec.alphabet)) ** length for length in range(spec.min_length, spec.max_length + 1))
    return float(1 - (1 - 1 / texts) ** trained)


def rare_characters(places: Sequence[Place], spec: CaptchaSpec) -> list[Finding]:
    """Return the characters of the alphabet that are too rare to learn, or to say how well they are read."""
    counts = {split: Counter[str]() for split in SPLITS}
    for place in places:
        counts[place.split].update(place.text or "")
    found = []
    for split, least, verb in (("train", LEARNABLE, "learn"), ("test", TESTABLE, "test")):
        if not counts[split]:
            continue
        rare = sorted((counts[split][c], c) for c in spec.alphabet if counts[split][c] < least)
        if rare:
            listed = ", ".join(f"{character} ({count})" for count, character in rare[:40])
            found.append(
                Finding(
                    "character",
                    f"too rare in {split} to {verb}, under {least} times: {listed}",
                    weight=len(rare) / len(spec.alphabet),
                )
            )
    return found


def mixed_scripts(places: Sequence[Place]) -> list[Finding]:
    """Return labels with letters of two scripts, and labels in a form that another way of typing would not give."""
    found = []
    usual = Counter(script for place in places for script in _scripts(place.text or ""))
    for place in places:
        text = place.text or ""
        scripts = _scripts(text)
        if len(scripts) > 1:
            rare = min(scripts, key=lambda script: usual[script])
            strange = "".join(c for c in text if rare in _scripts(c))
            names = " and ".join(sorted(script.capitalize() for script in scripts))
            message = f"{text} mixes {names} letters: {strange} is {rare.capitalize()}"
            found.append(Finding("script", message, (place,), weight=1 - usual[rare] / sum(usual.values())))
        elif (plain := unicodedata.normalize("NFKC", text)) != text:
            message = f"{text} is not in its plain form {plain}: it holds {_odd_characters(text)}"
            found.append(Finding("script", message, (place,), proposal=plain, weight=0.5))
    return found


def _scripts(text: str) -> frozenset[str]:
    """Return the scripts of a text's letters, as the first words of their Unicode names."""
    return frozenset(unicodedata.name(c, "UNKNOWN").split()[0] for c in text if c.isalpha())


def _odd_characters(text: str) -> str:
    odd = [c for c in text if unicodedata.normalize("NFKC", c) != c] or [c for c in text if unicodedata.combining(c)]
    return ", ".join(unicodedata.name(c, repr(c)).lower() for c in dict.fromkeys(odd))


def small_test(places: Sequence[Place], half_width: float) -> list[Finding]:
    """Return whether the test split is too small for an interval of a width.

    Args:
        places: All captchas.
        half_width: Half of the width that the 95 % interval of an exact match of 90 % may have.
    """
    n = sum(place.split == "test" and place.text is not None for place in places)
    needed = samples_for(half_width)
    if n >= needed:
        return []
    low, high = wilson_interval(round(LIKELY * n), n)
    message = (
        f"{n:,} labelled test captchas: an exact match of 90 % has a 95 % interval of {low:.1%} to {high:.1%}; for "
        f"{half_width:.1%} to either side it takes {needed:,}"
    )
    return [Finding("test size", message, weight=1 - n / needed)]


def samples_for(half_width: float) -> int:
    """Return the fewest samples whose 95 % Wilson interval around a likely exact match is that wide to either side."""
    low, high = 1, MOST_SAMPLES
    while low < high:
        middle = (low + high) // 2
        bottom, top = wilson_interval(round(LIKELY * middle), middle)
        low, high = (low, middle) if (top - bottom) / 2 <= half_width else (middle + 1, high)
    return low


def all_of_texts(places: Sequence[Place], spec: CaptchaSpec, half_width: float) -> Iterator[Finding]:
    """Yield the findings of this file's checks."""
    yield from texts_in_two_splits(places, spec)
    yield from rare_characters(places, spec)
    yield from mixed_scripts(places)
    yield from small_test(places, half_width)
