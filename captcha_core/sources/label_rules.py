"""How a label is read from a file's name, its folder or a CSV row."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from captcha_core.errors import DataError
from captcha_core.media.sniff import SUFFIXES

LabelRule = Literal["name", "name-start", "name-end", "folder", "csv", "none", "tfrecord"]
EXAMPLES: Mapping[str, str] = {
    "name": "TEXT.png",
    "name-start": "TEXT_anything.png",
    "name-end": "INDEX_TEXT.png",
    "folder": "TEXT/anything.png",
    "csv": "a CSV of file and text",
    "none": "no labels",
    "tfrecord": "the text of each record",
}
SPLIT_FOLDERS = {
    "train": "train", "training": "train", "validation": "validation", "valid": "validation", "val": "validation",
    "test": "test", "testing": "test",
}  # fmt: skip
FILE_COLUMNS = ("file", "filename", "file_name", "path", "image", "name", "id")
TEXT_COLUMNS = ("text", "label", "captcha", "solution", "target")
CODED_FOLDER = re.compile(r"(?:[A-Z]_)?U\+([0-9A-F]{4,5})")
MEDIA_ENDINGS = (*SUFFIXES, ".jpeg")


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


def choose_rule(names: Sequence[str]) -> LabelRule:
    """Return the rule that the names of the files follow.

    A folder per class is several folders with names of one character (longer ones must be asked for: they may as well
    be batches). Names with an underscore are ``INDEX_TEXT`` when the first parts count the files, else
    ``TEXT_anything``.
    """
    paths = _media(names)
    folders = {text_of_folder(path.parent.name) for path in paths}
    if len(folders) > 1 and all(len(folder) == 1 for folder in folders):
        return "folder"
    return choose_name_rule(names)


def choose_name_rule(names: Sequence[str]) -> LabelRule:
    """Return which part of the names of the files is the text, folders left aside."""
    paths = _media(names)
    stems = [path.stem.split("_") for path in paths]
    cut = [parts for parts in stems if len(parts) > 1]
    if len(cut) * 2 <= len(stems):
        return "name"
    return "name-end" if _counts([parts[0] for parts in cut]) else "name-start"


def _media(names: Sequence[str]) -> list[PurePosixPath]:
    """Return the files that may be captchas; a Mac puts a hidden ._NAME beside each file of an archive."""
    paths = [PurePosixPath(name) for name in names if name.lower().endswith(MEDIA_ENDINGS)]
    return [path for path in paths if not path.name.startswith("._")]


def _counts(firsts: Sequence[str]) -> bool:
    """Tell whether the parts are mostly the numbers of a running count: decimal, distinct and close together."""
    if not all(first.isascii() and first.isdecimal() for first in firsts):
        return False
    numbers = {int(first) for first in firsts}
    return len(numbers) == len(firsts) and max(numbers) - min(numbers) < 2 * len(firsts) + 8


def label_of(name: str, rule: LabelRule) -> str | None:
    """Return the label in a file's name or folder.

    Raises:
        DataError: If the name has no such part.
    """
    path = PurePosixPath(name)
    parts = path.stem.split("_")
    if rule == "none":
        return None
    if rule == "folder":
        label = text_of_folder(path.parent.name)
    elif rule == "name":
        label = path.stem if len(parts) == 1 else parts[0]
    elif rule == "name-start":
        label = parts[0]
    else:
        label = parts[1] if len(parts) > 1 else ""
    if not label:
        raise DataError(f"expected a name like {EXAMPLES[rule]}, received {name!r}; rename it or list it in a CSV.")
    return label


def split_of(name: str) -> str | None:
    """Return the split that one of the folders above the file is named after."""
    folders = [part.lower() for part in PurePosixPath(name).parts[:-1]]
    return next((SPLIT_FOLDERS[folder] for folder in folders if folder in SPLIT_FOLDERS), None)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a CSV of labels."""

    file: str
    text: str
    split: str | None = None


def parse_csv(content: bytes, name: str) -> list[Row]:
    """Read a CSV of file and text, with a header line or without.

    Raises:
        DataError: If it is no CSV in UTF-8, or has fewer than two columns.
    """
    try:
        lines = [row for row in csv.reader(io.StringIO(content.decode("utf-8-sig"))) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"expected {name} to be a CSV in UTF-8, received {error}; save it as such.") from None
    if not lines:
        raise DataError(f"expected lines of file and text in {name}, received none; fill the CSV.")
    header = [cell.strip().lower() for cell in lines[0]]
    file_at = next((header.index(column) for column in FILE_COLUMNS if column in header), None)
    text_at = next((header.index(column) for column in TEXT_COLUMNS if column in header), None)
    split_at = header.index("split") if "split" in header else None
    if file_at is None or text_at is None:
        file_at, text_at, split_at = 0, 1, None
    else:
        lines = lines[1:]
    width = max(file_at, text_at)
    short = next((number for number, row in enumerate(lines, start=1) if len(row) <= width), None)
    if short is not None:
        raise DataError(f"expected a file and a text in each line of {name}, received {lines[short - 1]}; correct it.")
    return [Row(row[file_at].strip(), row[text_at].strip(), _split_cell(row, split_at)) for row in lines]


def _split_cell(row: Sequence[str], at: int | None) -> str | None:
    word = row[at].strip() if at is not None and at < len(row) else ""
    return SPLIT_FOLDERS.get(word.lower(), word) or None  # a word that is no split is refused by --split keep
