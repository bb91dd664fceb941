"""Labels in a text file beside each captcha."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from captcha_core.errors import DataError
from captcha_core.sources.archive import Files
from captcha_core.sources.encodings import decode_text
from captcha_core.sources.labels.columns import TEXT_COLUMNS, column_word
from captcha_core.sources.labels.names import split_of
from captcha_core.sources.labels.reading import Reading, Reject, without_ending, without_spaces
from captcha_core.sources.labels.scoring import STATED, LabelHints, likeness
from captcha_core.sources.labels.tables import flat_values

TEXT_SUFFIXES = (".txt", ".gt.txt", ".lab", ".label", ".json")
MAX_TEXT_BYTES = 4096


def text_file_reading(files: Files, names: Sequence[str], media: Sequence[str], hints: LabelHints) -> Reading | None:
    """Return the reading of ``NAME.txt`` beside ``NAME.png``, None where fewer than half of the files have one."""
    there = set(names)
    beside: Mapping[str, str] = {name: text for name in media if (text := _text_beside(name, there)) is not None}
    beside = beside or _by_stems(names, media)
    if len(beside) * 2 < len(media):
        return None
    labels: dict[str, str | None] = {}
    rejects = []
    for name in media:
        if name not in beside:
            rejects.append(Reject(name, "expected a text file beside the captcha, received none; add one."))
            continue
        try:
            content = files.read(beside[name], MAX_TEXT_BYTES)
            labels[name] = without_spaces(_text_in(content, beside[name]))
        except DataError as error:
            rejects.append(Reject(name, str(error)))
    like = likeness(list(labels.values()), [""] * len(labels), hints, named=False)
    sources = frozenset(beside.values())
    others = [name for name in names if name not in labels and name not in sources and name not in set(media)]
    rejects += [Reject(name, "expected a captcha with a text file, received another file.") for name in others]
    score = like.score + STATED if like.score >= 0.3 else like.score
    return Reading(
        "beside", "a text file beside each (NAME.txt)", "--label-from beside", labels, score, like.fault,
        {name: split for name in labels if (split := split_of(name))}, sources, tuple(rejects),
    )  # fmt: skip


def _text_in(content: bytes, name: str) -> str:
    """Return the text of a file for one captcha: its first line, or the value of its JSON that is called so."""
    if not name.lower().endswith(".json"):
        return next(iter(decode_text(content).splitlines()), "") if content else ""
    try:
        values = flat_values(json.loads(content))
    except (ValueError, RecursionError):
        return ""
    words = {column_word(key): value for key, value in reversed(values.items())}
    return next((words[column] for column in TEXT_COLUMNS if column in words), "")


def _by_stems(names: Sequence[str], media: Sequence[str]) -> dict[str, str]:
    """Return the text file of each captcha in another folder, as ``labels/1.txt`` of ``images/1.png``."""
    found: dict[str, list[str]] = defaultdict(list)
    for name in (*media, *(name for name in names if name.lower().endswith(TEXT_SUFFIXES))):
        found[PurePosixPath(name).stem.removesuffix(".gt")].append(name)
    pairs = [pair for pair in found.values() if len(pair) == 2]
    known = set(media)
    return {one: other for one, other in pairs if one in known and other not in known}


def _text_beside(name: str, there: set[str]) -> str | None:
    stem = without_ending(name)
    ways = [base + suffix for base in (stem, name) for suffix in TEXT_SUFFIXES]
    return next((way for way in ways if way in there), None)
