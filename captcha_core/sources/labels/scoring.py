"""What tells the labels of captchas from running numbers, hashes, dates and plain words: all of them, seen together."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from captcha_core.spec.arithmetic import is_sum
from captcha_core.spec.captcha import DIGITS, LOWER, MAX_LENGTH, UPPER

CONVINCING = 0.5  # a score from which on a reading is believed
STATED = 1.0  # is added to the score of a file that says what the labels are
CLEAR = 0.6  # of the best score: a reading that comes nearer leaves doubt
MOST_DIGITS = 13  # longer numbers count nothing
FEW = 8  # files below which statistics say little
SAMPLED = 3000  # texts that show whether they are sums
SUM_SIGNS = frozenset("+-*/=?x×÷−:")
SUM = re.compile(r"\d{1,3}(?: ?[-+*/x×÷−] ?\d{1,3})+ ?=?\??")
HEX = re.compile(r"(?:[0-9a-f-]+|[0-9A-F-]+)")
DATE = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\d{2,9})?")
TIME = re.compile(r"(?:[01]\d|2[0-3])[0-5]\d[0-5]\d")
SECONDS = re.compile(r"1[0-9]{9}(?:[0-9]{3}|[0-9]{6}|[0-9]{9})?(?:\.\d+)?")  # since 1970, up to 2033, also ms, us, ns
WORDS = frozenset((
    "captcha", "captchas", "image", "images", "img", "pic", "picture", "photo", "word", "words", "sample", "samples",
    "file", "files", "code", "test", "train", "valid", "validation", "val", "download", "screenshot", "unnamed",
    "untitled", "data", "dataset", "batch", "part", "set", "folder", "group", "raw", "index", "label", "labels",
    "checkcode", "vcode", "yzm", "verify", "verifycode", "kaptcha", "generated", "gen", "result", "output", "copy",
    "original", "new", "temp", "tmp", "default", "audio", "clip", "sound", "wav", "png", "jpg", "jpeg", "frame", "page",
    "scan",
))  # fmt: skip


@dataclass(frozen=True)
class LabelHints:
    """What the user says of the labels; it decides between readings."""

    min_length: int | None = None
    max_length: int | None = None
    alphabet: str | None = None
    case_sensitive: bool = True

    @cached_property
    def _letters(self) -> frozenset[str]:
        letters = set(self.alphabet or "")
        if not self.case_sensitive:
            letters |= {c.lower() for c in letters} | {c.upper() for c in letters}
        return frozenset(letters)

    def allows(self, text: str) -> bool:
        """Tell whether a text can be a label."""
        length = (self.min_length or 1) <= len(text) <= (self.max_length or MAX_LENGTH)
        return length and (not self._letters or self._letters.issuperset(text))

    def share(self, texts: Sequence[str]) -> float:
        """Return the share of the texts that can be labels."""
        return sum(map(self.allows, texts)) / len(texts) if texts else 0.0


@dataclass(frozen=True)
class Likeness:
    """How much texts are like labels, 0 to 1, and what speaks against them most."""

    score: float
    fault: str = ""


def likeness(labels: Sequence[str | None], groups: Sequence[str], hints: LabelHints, named: bool = True) -> Likeness:
    """Return how much the texts are like the labels of captchas.

    Args:
        labels: A text for each file, None where the reading gives none.
        groups: The folder of each file; many people count anew in each.
        hints: What the user says.
        named: The texts were cut out of names, where other signs than letters and digits are accidents.
    """
    pairs = [(text, group) for text, group in zip(labels, groups, strict=True) if text]
    texts = [text for text, _ in pairs]
    if not texts:
        return Likeness(0.0, "give no text")
    covered = len(texts) / len(labels)
    score = (covered if covered < 0.95 else 1.0) if covered >= 0.5 else 0.0
    faults = sorted(_faults(texts, [group for _, group in pairs], named))
    for factor, _ in faults:
        score *= factor
    fault = faults[0][1] if faults else "leave many files without a text" if score < CONVINCING else ""
    stated = hints.share(texts)
    return Likeness(score * stated, fault if stated > 0.5 else "are not as --length and --alphabet say")


def folder_likeness(texts: Sequence[str], hints: LabelHints) -> Likeness:
    """Return how much the names of folders are like labels, of which each has many files.

    Args:
        texts: One for each file.
        hints: What the user says.
    """
    names = sorted(set(texts))
    if len(names) < 2:
        return Likeness(0.0, "are one word for all")
    if all(len(name) == 1 for name in names):
        batches = len(names) < FEW and ord(names[-1]) - ord(names[0]) + 1 == len(names)
        found = Likeness(0.4, "may as well number batches") if batches else Likeness(0.9)
        return Likeness(found.score * hints.share(texts), found.fault)
    found = likeness(names, [""] * len(names), hints)
    return Likeness(found.score * (0.5 if len(names) < 3 else 0.9), found.fault or "are few")


def _faults(texts: Sequence[str], groups: Sequence[str], named: bool) -> Iterator[tuple[float, str]]:
    """Yield what speaks against the texts, as a factor of the score and in words."""
    count, distinct = len(texts), set(texts)
    if count > 2 and len(distinct) == 1:
        yield 0.02, "are one word for all"
    characters = Counter("".join(texts))
    decimal = all(character in DIGITS for character in characters)
    if decimal:
        yield from _number_faults(texts, groups, distinct)
    else:
        yield from _word_faults(texts, distinct)
    yield from _code_faults(texts, distinct, characters, decimal)
    yield from _length_faults(texts)
    yield from _chance_faults(texts, distinct, characters)
    if named and not are_sums(texts):
        odd = sum(not text.isalnum() for text in texts)
        if odd > 0.1 * count:
            yield 0.3, "have other signs than letters and digits"


def _number_faults(texts: Sequence[str], groups: Sequence[str], distinct: set[str]) -> Iterator[tuple[float, str]]:
    if _counts(texts, groups):
        yield 0.05, "only count"
        return
    lengths = {len(text) for text in distinct}
    if (
        len(lengths) == 1
        and max(lengths) < MOST_DIGITS
        and len(texts) >= FEW
        and max(map(int, distinct)) < 0.5 * 10 ** max(lengths)
    ):
        yield 0.25, "are low numbers alone"
    padded = any(text[0] == "0" and len(text) > 1 for text in distinct)
    if len(lengths) > 1 and len(distinct) >= FEW and not padded:
        yield 0.25, "are plain numbers, none with a zero before it"


def _counts(texts: Sequence[str], groups: Sequence[str]) -> bool:
    """Tell whether numbers mostly count the files of each folder, or of all."""
    numbers: dict[str, list[int]] = defaultdict(list)
    for text, group in zip(texts, groups, strict=True):
        if len(text) >= MOST_DIGITS:
            return False
        numbers[group].append(int(text))
    everything = [number for found in numbers.values() for number in found]
    if _dense(everything, len(texts)):
        return True
    return all(_dense(found, len(texts)) for found in numbers.values())


def _dense(numbers: Sequence[int], files: int) -> bool:
    """Tell whether numbers are distinct and close together; of one or two, that they are small."""
    if len(set(numbers)) < len(numbers):
        return False
    if len(numbers) < 3:
        return max(numbers) < 2 * files + 8
    return max(numbers) - min(numbers) < 2 * len(numbers) + 8


def _word_faults(texts: Sequence[str], distinct: set[str]) -> Iterator[tuple[float, str]]:
    heads = {text.rstrip(DIGITS + " _-.") for text in distinct}
    if len(distinct) > 2 and len(heads) == 1 and "" not in heads and any(text[-1] in DIGITS for text in distinct):
        yield 0.1, "are one word with a number"
    common = sum(text.strip(DIGITS + " _-.()").lower() in WORDS for text in texts)
    if common > 0.3 * len(texts):
        yield 0.1, "are words like image and captcha"


def _code_faults(
    texts: Sequence[str], distinct: set[str], characters: Counter[str], decimal: bool
) -> Iterator[tuple[float, str]]:
    """Yield what speaks for dates, times and hashes."""
    kinds = {len(text) for text in distinct}
    if decimal or all(character in DIGITS + "." for character in characters):
        if len(texts) > 1 and (_all(DATE, distinct) or _all(SECONDS, distinct)):
            yield 0.05, "are dates or times"
        elif len(distinct) > 4 and _all(TIME, distinct):
            yield 0.1, "are times of day"
    elif min(kinds) >= 16:
        yield 0.05, "are long codes"
    elif min(kinds) >= 8 and len(kinds) == 1 and len(distinct) > 2 and _all(HEX, distinct) and not decimal:
        yield 0.2, "look like hashes"


def _all(pattern: re.Pattern[str], texts: set[str]) -> bool:
    return all(pattern.fullmatch(text) for text in texts)


def _length_faults(texts: Sequence[str]) -> Iterator[tuple[float, str]]:
    lengths = Counter(map(len, texts))
    middle = sorted(map(len, texts))[len(texts) // 2]
    usual = max(lengths.values()) / len(texts)
    spread = max(lengths) - min(lengths)
    if middle > 20:
        yield 0.1, "are long"
    elif middle > 12:
        yield 0.6, "are long"
    elif middle < 2:
        yield 0.25, "are single characters"
    if usual < 0.5 and spread > 6:
        yield 0.4, "are of very many lengths"
    elif usual < 0.9 and spread > 2:
        yield 0.85, "are of many lengths"


def _chance_faults(texts: Sequence[str], distinct: set[str], characters: Counter[str]) -> Iterator[tuple[float, str]]:
    """Yield what chance would not do: the same texts again and again, or the same character in one place."""
    mean = sum(characters.values()) / len(texts)
    ranges = (DIGITS, LOWER, UPPER)
    size = sum(len(whole) for whole in ranges if not characters.keys().isdisjoint(whole))
    size += sum(character not in DIGITS + LOWER + UPPER for character in characters)
    possible = math.exp(min(40.0, mean * math.log(max(2, size))))
    expected = possible * -math.expm1(-len(texts) / possible)
    if mean >= 1.5 and len(distinct) > 1 and len(distinct) < 0.4 * expected:
        codes = len(distinct) > 3 and len({len(text) for text in distinct}) == 1
        yield 0.85 if len(distinct) >= 30 else 0.55 if codes else 0.3, "repeat more often than chance has it"
    length, files = Counter(map(len, texts)).most_common(1)[0]
    if length > 1 and files >= FEW and len(distinct) > 1:
        same = [text for text in texts if len(text) == length]
        places = (Counter(column).most_common(1)[0][1] for column in zip(*same, strict=True))
        if max(places) > 0.95 * files and not are_sums(texts):
            yield 0.3, "have the same character in the same place"


def are_sums(texts: Sequence[str]) -> bool:
    """Tell whether most texts are sums to be worked out; a number and a count with a dash between are none."""
    some = texts[:: max(1, len(texts) // SAMPLED)]
    found = [text for text in some if SUM.fullmatch(text) or (not text.isalnum() and is_sum(text))]
    if len(found) <= 0.8 * len(some):
        return False
    signs = {character for text in found for character in text if not character.isdigit()}
    return bool(signs - {"-"})
