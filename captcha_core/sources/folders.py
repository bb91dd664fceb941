"""Labelled files that somebody else made: folders, zip archives and CSVs, as entries and rejects with reasons."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from captcha_core.errors import DataError
from captcha_core.sources.archive import Files, open_files
from captcha_core.sources.label_rules import (
    EXAMPLES,
    LabelRule,
    Row,
    choose_name_rule,
    choose_rule,
    label_of,
    parse_csv,
    split_of,
)
from captcha_core.sources.tfrecord import TfrecordFiles, is_tfrecord
from captcha_core.spec.sample import Sample

LABEL_FILES = ("labels.csv", "label.csv", "captchas.csv")
MAX_TABLE_BYTES = 256 * 2**20


@dataclass(frozen=True, slots=True)
class Entry:
    """A file with the label that its name, folder or CSV row gives it; not opened yet."""

    name: str
    text: str | None
    split: str | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    """A file that is left out, and why, in one sentence."""

    name: str
    reason: str


@dataclass(frozen=True)
class Listing:
    """What lies at a place, before any file is opened.

    Args:
        files: Reads the bytes of an entry.
        rule: How the labels were found.
        entries: In the order of their names.
        rejects: Files without a usable label, rows without a file.
    """

    files: Files
    rule: LabelRule
    entries: tuple[Entry, ...]
    rejects: tuple[Reject, ...]


def list_labelled(place: Path, rule: str | None = None) -> Listing:
    """List the labelled files of a folder, a zip archive, a CSV or TFRecord files.

    Args:
        place: Folder, ``.zip``, or ``.csv`` (its files lie beside it), ``.tfrecord`` or a folder of those.
        rule: A :data:`LabelRule`, or ``filename`` for the one of the three that the names look like. By default a CSV
            where there is one, else the rule that names and folders look like.

    Raises:
        DataError: If the place is none of these, has no files, or its CSV cannot be read.
    """
    if is_tfrecord(place):
        return _from_tfrecord(place)
    table = place.name if place.suffix.lower() == ".csv" and place.is_file() else None
    files = open_files(place.parent if table else place)
    names = files.names()
    if not names:
        raise DataError(f"expected captchas in {place}, received an empty folder or archive; name another.")
    if table is None and rule in (None, "csv"):
        table = _find_table(names, place, required=rule == "csv")
    if table is not None:
        return _from_csv(files, names, table)
    chosen = _choose(rule, names)
    entries, rejects = [], []
    for name in names:
        try:
            entries.append(Entry(name, label_of(name, chosen), split_of(name)))
        except DataError as error:
            rejects.append(Reject(name, str(error)))
    return Listing(files, chosen, tuple(entries), tuple(rejects))


def _from_tfrecord(place: Path) -> Listing:
    records = TfrecordFiles(place)
    names = records.names()
    if not names:
        raise DataError(f"expected captchas in {place}, received no records; name another.")
    entries = tuple(Entry(name, records.text(name), split_of(name)) for name in names)
    return Listing(records, "tfrecord", entries, ())


def _choose(rule: str | None, names: Sequence[str]) -> LabelRule:
    if rule is None:
        return choose_rule(names)
    if rule == "filename":
        return choose_name_rule(names)
    if rule not in EXAMPLES or rule == "tfrecord":
        raise DataError(f"expected a label rule of {', '.join(EXAMPLES)}, received {rule!r}; name one of them.")
    return cast("LabelRule", rule)


def _find_table(names: Sequence[str], place: Path, required: bool) -> str | None:
    """Return the name of the CSV that labels a folder: one of the usual names, or the only one when asked for."""
    tables = [name for name in names if name.lower().endswith(".csv")]
    usual = [name for name in tables if name.rpartition("/")[2].lower() in LABEL_FILES]
    chosen = usual or (tables if required else [])
    if len(chosen) == 1:
        return chosen[0]
    if chosen or required:
        raise DataError(
            f"expected one CSV of labels in {place}, received {len(chosen)}; name the CSV itself or another "
            "--label-from."
        )
    return None


def _from_csv(files: Files, names: Sequence[str], table: str) -> Listing:
    rows = parse_csv(files.read(table, MAX_TABLE_BYTES), table)
    above = table.rpartition("/")[0]
    known, seen = set(names), set()
    entries, rejects = [], []
    for row in rows:
        name = f"{above}/{row.file}" if above else row.file
        reason = _row_fault(row, name in known, name in seen, table)
        seen.add(name)
        if reason:
            rejects.append(Reject(row.file, reason))
        else:
            entries.append(Entry(name, row.text or None, row.split or split_of(row.file)))
    left = known - seen - {table}
    rejects += [Reject(name, f"expected a line in {table}, received none for this file; add one.") for name in left]
    order = sorted(entries, key=lambda entry: entry.name)
    return Listing(files, "csv", tuple(order), tuple(sorted(rejects, key=lambda reject: reject.name)))


def _row_fault(row: Row, there: bool, twice: bool, table: str) -> str | None:
    if twice:
        return f"expected each file once in {table}, received it again with the text {row.text!r}; remove one line."
    if not there:
        return f"expected a file beside {table}, received none of this name; correct the line."
    return None


def read_sample(files: Files, entry: Entry) -> Sample:
    """Return an entry as a sample, its media untouched.

    Raises:
        DataError: If the file cannot be read.
    """
    origin = {"source": "import", "file": entry.name}
    if entry.split:
        origin["split"] = entry.split
    name = entry.name.rpartition("/")[2].encode(errors="replace").decode()  # names on disk need not be Unicode
    return Sample(files.read(entry.name), entry.text, name, origin)
