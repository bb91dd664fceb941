"""Labels in the names of files and folders: every part that could be the text is a reading."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import takewhile
from pathlib import PurePosixPath
from typing import NamedTuple

from captcha_core.errors import DataError, SpecError
from captcha_core.sources.labels.reading import Reading, Reject, label_text
from captcha_core.sources.labels.scoring import SUM_SIGNS, WORDS, LabelHints, are_sums, folder_likeness, likeness

SPLIT_FOLDERS = {
    "train": "train", "training": "train", "validation": "validation", "valid": "validation", "val": "validation",
    "dev": "validation", "test": "test", "testing": "test",
}  # fmt: skip
CODED_FOLDER = re.compile(r"(?:[A-Z]_)?U\+([0-9A-F]{4,5})")
SEPARATORS = ("_", "-", " ", ".", "@", "#", "=", "+", ",", "~", "!")
NO_SEPARATOR = r"[^/\s_\-.@#=+,~!()\[\]{}【】（）]+"
ANY_SEPARATOR = r"[\s_\-.@#=+,~!()\[\]{}【】（）]+"
USUAL_SHARE = 0.5  # of the names, that hold a separator which is to count
MOST_PARTS = 6
COUNTER = re.compile(
    r"(?:[ _-]{0,3}(?:copy|kopie|copie|copia|cópia|kopia|копия|副本|のコピー|コピー|복사본)"  # what systems call copies
    r"[ _-]?\d{0,3}(?: ?\(\d{1,4}\))?"
    r"|[ _-]?\(\d{1,4}\)|（\d{1,4}）|[._ -]\d{1,4})$",
    re.IGNORECASE,
)
ONE_CODE = re.compile(  # a UUID, or a date with its time: one part of a name, whatever is in it
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|(?P<date>(?:19|20)\d\d([-_.])[01]\d\2[0-3]\d(?:(?: at |[-_ T.]{1,2})[0-2]\d[-_.:h]?[0-5]\d[-_.:m]?[0-5]\d)?)",
    re.IGNORECASE,
)
SAMPLED = 3000  # names that show which readings are hopeless
HOPELESS = 0.2  # of the best score
ENDING = ".png"  # in the words of a rule, until the files' own is known


class Part(NamedTuple):
    """A part of names that could be the text: its rule in words and as an option, and what cuts it out."""

    rule: str
    words: str
    option: str
    cut: Callable[[str], str | None]


def folder_of(character: str) -> str:
    """Return the name of a character's folder: itself, or its code where that is no safe name.

    Upper case letters have their code behind them, because many file systems hold a and A for the same.
    """
    if not (character.isascii() and character.isalnum()):
        return f"U+{ord(character):04X}"
    return f"{character}_U+{ord(character):04X}" if character.isupper() else character


def text_of_folder(name: str) -> str:
    """Return the text that a folder stands for: its name, or the character that :func:`folder_of` named it after."""
    coded = CODED_FOLDER.fullmatch(name)
    return chr(int(coded[1], 16)) if coded and folder_of(chr(int(coded[1], 16))) == name else name


def split_of(name: str) -> str | None:
    """Return the split that one of the folders above the file is named after."""
    folders = [part.lower() for part in PurePosixPath(name).parts[:-1]]
    return next((SPLIT_FOLDERS[folder] for folder in folders if folder in SPLIT_FOLDERS), None)


def name_readings(names: Sequence[str], hints: LabelHints) -> list[Reading]:
    """Return a reading for each part of the names, and one for the folders, that could be the text.

    Args:
        names: The files that may be captchas.
        hints: What the user says of the labels.
    """
    stems = _without_counters([_stem(name) for name in names])
    groups = [name.rpartition("/")[0] for name in names]
    step = max(1, len(names) // SAMPLED)
    parts = [*_cuts(stems), *_prefix_cuts(stems)]
    first = [likeness([part.cut(stem) for stem in stems[::step]], groups[::step], hints).score for part in parts]
    found = []
    for part, score in zip(parts, first, strict=True):
        if step > 1 and score < HOPELESS * max(first):
            continue
        texts = [part.cut(stem) for stem in stems]
        like = likeness(texts, groups, hints)
        found.append(_reading(part.rule, part.words, part.option, names, texts, like.score, like.fault))
    if folders := _folder_reading(names, hints):
        found.append(folders)
    return found


def pattern_reading(names: Sequence[str], pattern: str) -> Reading:
    """Return the reading of ``--label-pattern``: the group ``text``, looked for in the path of each file.

    Raises:
        SpecError: If it is no regular expression with such a group.
    """
    try:
        found = re.compile(pattern)
    except re.error as error:
        raise SpecError(f"expected a regular expression for --label-pattern, received {pattern!r} ({error}).") from None
    if "text" not in found.groupindex:
        raise SpecError(
            f"expected --label-pattern with a group named text, as in '(?P<text>[a-z0-9]+)_', received {pattern!r}; "
            "name the group."
        )
    matches = [found.search(name) for name in names]
    texts = [match["text"] if match else None for match in matches]
    words = f"what {pattern} finds"
    return _reading("pattern", words, f"--label-pattern {shell_word(pattern)}", names, texts, 1.0, "")


def unlabelled(names: Sequence[str]) -> Reading:
    """Return the reading of ``--label-from none``."""
    return Reading("none", "no labels", "--label-from none", dict.fromkeys(names))


def shell_word(text: str) -> str:
    """Return a word as a shell takes it."""
    return "'" + text.replace("'", "'\"'\"'") + "'"


def _reading(
    rule: str, words: str, option: str, names: Sequence[str], texts: Sequence[str | None], score: float, fault: str
) -> Reading:
    labels = {name: label_text(text) for name, text in zip(names, texts, strict=True) if text}
    words = words.removesuffix(ENDING) + _usual_ending(names) if words.endswith(ENDING) else words
    reason = f"expected a name like {words}, received {{!r}}; rename it or list it in a CSV."
    rejects = tuple(Reject(name, reason.format(name)) for name in names if name not in labels)
    return Reading(rule, words, option, labels, score, fault, rejects=rejects)


def _usual_ending(names: Sequence[str]) -> str:
    """Return the ending that most of the names have."""
    endings = Counter(PurePosixPath(name).suffix for name in names)
    return next((ending for ending, _ in endings.most_common() if ending), ENDING)


def _without_counters(stems: Sequence[str]) -> list[str]:
    """Return the stems without what counts the files of one text, where the rest is a label like the others."""
    rests = [COUNTER.sub("", stem) for stem in stems]
    plain = [stem for stem, rest in zip(stems, rests, strict=True) if stem == rest]
    if not plain:
        return list(stems)
    lengths = Counter(map(len, plain))
    usual = {length for length, count in lengths.items() if count >= 0.02 * len(plain)}
    known = set("".join(plain))
    whole = set(plain)

    def like_the_others(rest: str) -> bool:
        return rest in whole or (len(rest) in usual and (known.issuperset(rest) or rest.isalnum()))

    return [
        rest if rest and rest != stem and like_the_others(rest) else stem
        for stem, rest in zip(stems, rests, strict=True)
    ]


def _stem(name: str) -> str:
    file = name.rpartition("/")[2]
    stem, dot, _ = file.rpartition(".")
    return ONE_CODE.sub(
        lambda code: re.sub(r"\D" if code["date"] else "-", "", code[0]), label_text(stem if dot else file)
    )


def _cuts(stems: Sequence[str]) -> Iterator[Part]:
    """Yield the whole name and its parts between separators."""
    yield Part("name", "TEXT.png", "--label-from name", lambda stem: stem or None)
    sums = are_sums(stems)
    for separator in SEPARATORS:
        if sums and separator in SUM_SIGNS:
            continue
        counts = [stem.strip(separator).count(separator) for stem in stems]
        if sum(count > 0 for count in counts) > USUAL_SHARE * len(stems):
            yield from _parts(partial(_split, separator), separator, counts)
    pattern = re.compile(ANY_SEPARATOR)
    signs = {mark for stem in stems[:SAMPLED] for found in pattern.findall(stem) for mark in found}
    if len(signs) > 1 and not sums:
        counts = [len(pattern.findall(stem)) for stem in stems]
        yield from _parts(lambda stem: [part for part in pattern.split(stem) if part], "", counts)


def _split(separator: str, stem: str) -> list[str]:
    return [part for part in stem.split(separator) if part]


def _parts(split: Callable[[str], list[str]], separator: str, counts: Sequence[int]) -> Iterator[Part]:
    """Yield the parts of names between separators: the first, the last, and those between where all have as many.

    Args:
        split: Cuts a name.
        separator: Empty where any will do.
        counts: Separators in each name.
    """
    sign = separator or "_"

    def first(stem: str) -> str | None:
        return next(iter(split(stem)), None) if not (separator and stem.startswith(separator)) else None

    def last(stem: str) -> str | None:
        parts = split(stem)
        return parts[-1] if len(parts) > 1 and not (separator and stem.endswith(separator)) else None

    yield Part("name-start", f"TEXT{sign}anything.png", "--label-from name-start", first)
    yield Part("name-end", f"anything{sign}TEXT.png", "--label-from name-end", last)
    usual, files = Counter(counts).most_common(1)[0]
    if files < 0.9 * len(counts) or not 1 < usual < MOST_PARTS:
        return
    one = rf"[^/{re.escape(separator)}]+" if separator else NO_SEPARATOR
    between = re.escape(separator) if separator else ANY_SEPARATOR
    for place in range(1, usual):

        def middle(stem: str, place: int = place) -> str | None:
            parts = split(stem)
            return parts[place] if len(parts) > place else None

        words = sign.join(["anything"] * place + ["TEXT"] + ["anything"] * (usual - place)) + ".png"
        option = rf"(?:^|/){place * (one + between)}(?P<text>{one}){between}[^/]*$"
        yield Part("pattern", words, f"--label-pattern {shell_word(option)}", middle)


def _prefix_cuts(stems: Sequence[str]) -> Iterator[Part]:
    """Yield what is left of the names without the word that begins them all."""
    low, high = (min(stems), max(stems)) if len(stems) > 2 else ("", "")
    prefix = "".join(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], zip(low, high, strict=False)))
    word = re.match(r"[^\W\d_]*", prefix)
    known = word[0] if word else ""
    if len(known) < 3 or (known == prefix and known.lower() not in WORDS):
        return
    option = rf"(?:^|/){re.escape(known)}(?P<text>[^/.]+)"
    words = f"{known}TEXT.png"
    yield Part("pattern", words, f"--label-pattern {shell_word(option)}", lambda stem: stem[len(known) :] or None)


def _folder_reading(names: Sequence[str], hints: LabelHints) -> Reading | None:
    folders = [PurePosixPath(name).parent.name for name in names]
    texts = [None if folder.lower() in SPLIT_FOLDERS or not folder else text_of_folder(folder) for folder in folders]
    known = [text for text in texts if text]
    if len(known) * 2 <= len(names):
        return None
    like = folder_likeness(known, hints)
    return _reading("folder", "TEXT/anything.png", "--label-from folder", names, texts, like.score, like.fault)


def forced_reading(names: Sequence[str], rule: str, hints: LabelHints) -> Reading:
    """Return the best reading of a rule that the user names, whatever it is like.

    Raises:
        DataError: If no name has such a part.
    """
    wanted = ("name", "name-start", "name-end") if rule == "filename" else (rule,)
    found = [reading for reading in name_readings(names, hints) if reading.rule in wanted and reading.labels]
    if not found:
        shape = {"name-end": "INDEX_TEXT.png", "name-start": "TEXT_anything.png", "folder": "TEXT/anything.png"}
        raise DataError(
            f"expected names like {shape.get(rule, 'TEXT.png')} (--label-from {rule}), received none; name "
            "another rule."
        )
    return max(found, key=lambda reading: reading.score)
