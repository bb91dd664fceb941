"""Labelled files that somebody else made: folders, zip archives and tables, as entries and rejects with reasons."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from captcha_core.errors import DataError
from captcha_core.media.sniff import FILE_ENDINGS
from captcha_core.sources.archive import (
    SPREADSHEETS,
    Files,
    data_sets_in,
    is_left_by_a_system,
    open_files,
    require_loose,
)
from captcha_core.sources.labels.beside import text_file_reading
from captcha_core.sources.labels.choose import Ask, choose
from captcha_core.sources.labels.matching import NameIndex
from captcha_core.sources.labels.names import (
    forced_reading,
    name_readings,
    pattern_reading,
    split_of,
    unlabelled,
)
from captcha_core.sources.labels.reading import Reading, Reject
from captcha_core.sources.labels.scoring import CONVINCING, LabelHints
from captcha_core.sources.labels.table_labels import MOST_TABLES, USUAL_TABLE, joined, table_names, table_reading
from captcha_core.sources.labels.tables import TABLE_SUFFIXES
from captcha_core.sources.tfrecord import TfrecordFiles, is_tfrecord
from captcha_core.spec.captcha import composed
from captcha_core.spec.sample import Sample

LABEL_FILES = ("labels.csv", "label.csv", "captchas.csv")
NAME_RULES = ("filename", "name", "name-start", "name-end", "folder")
RULES = (*NAME_RULES, "csv", "file", "beside", "none")


@dataclass(frozen=True, slots=True)
class Entry:
    """A file with the label that its name, folder or row gives it; not opened yet."""

    name: str
    text: str | None
    split: str | None = None


@dataclass(frozen=True)
class Listing:
    """What lies at a place, before any file is opened.

    Args:
        files: Reads the bytes of an entry.
        reading: How the labels were found.
        entries: In the order of their names.
        rejects: Files without a usable label, rows without a file.
        notes: What looks odd about the choice, each with the option that changes it.
    """

    files: Files
    reading: Reading
    entries: tuple[Entry, ...]
    rejects: tuple[Reject, ...]
    notes: tuple[str, ...] = ()

    @property
    def rule(self) -> str:
        """How the labels were found, as ``--label-from`` has it."""
        return self.reading.rule


@dataclass(frozen=True)
class Place:
    """The files of a place, told apart by their endings."""

    where: Path
    files: Files
    names: list[str]
    media: list[str]
    tables: list[str]
    data_sets: tuple[str, ...] = ()  # folders in it that are passed over

    @property
    def spreadsheet(self) -> str:
        """The first spreadsheet, which is not read; empty where there is none."""
        return next((name for name in self.names if name.lower().endswith(SPREADSHEETS)), "")


def list_labelled(
    place: Path,
    rule: str | None = None,
    *,
    hints: LabelHints | None = None,
    pattern: str | None = None,
    ask: Ask | None = None,
) -> Listing:
    """List the labelled files of a folder, a zip archive, a file of labels or TFRecord files.

    Args:
        place: Folder, ``.zip``, or a file of labels (its captchas lie beside it), ``.tfrecord`` or a folder of those.
        rule: One of :data:`RULES`, or the name of a file of labels. By default what is plainly meant: a file of labels
            that fits, else the part of the names that looks like labels.
        hints: What the user says of the labels.
        pattern: A regular expression with a group ``text`` that finds the label in a file's path.
        ask: Lets the user choose between readings.

    Raises:
        DataError: If the place is none of these, has no files, or it is not plain what the labels are.
        SpecError: If the pattern is none.
    """
    if is_tfrecord(place):
        return _from_tfrecord(place)
    table = place.name if place.is_file() and place.suffix.lower() in TABLE_SUFFIXES else None
    opened = _open(place.parent if table else place)
    found: list[Reading] = []
    if table or rule not in (None, *NAME_RULES, "none", "beside"):
        reading = _stated(opened, table or rule or "", hints or LabelHints())
    elif pattern:
        reading = pattern_reading(opened.media, pattern)
    elif rule == "none":
        reading = unlabelled(opened.media)
    elif rule is None:
        found = _readings(opened, hints or LabelHints())
        if hints and all(one.score < CONVINCING for one in found):  # then each label says why it cannot be
            found = _readings(opened, LabelHints())
        reading = choose(found, str(place), ask, opened.spreadsheet)
    elif rule == "beside":
        reading = _beside(opened, hints or LabelHints())
    else:
        reading = forced_reading(opened.media, rule, hints or LabelHints())
    return _listing(opened, reading, found)


def _open(where: Path) -> Place:
    files = open_files(where)
    names = [name for name in files.names() if not is_left_by_a_system(name)]
    if not names:
        raise DataError(f"expected captchas in {where}, received an empty folder or archive; name another.")
    require_loose(names, where)
    data_sets = data_sets_in(names)
    if data_sets:  # such as what an earlier import wrote below the folder itself
        names = [name for name in names if not name.startswith(data_sets)]
        require_loose(names or ["dataset.json"], where if names else where / data_sets[0])
    media = media_names(names)
    return Place(where, files, names, media, table_names(names, media), data_sets)


def media_names(names: Sequence[str]) -> list[str]:
    """Return the names of pictures and clips among those of all files: by their endings, where most have one."""
    media = [name for name in names if PurePosixPath(name).suffix.lower() in FILE_ENDINGS]
    others = [name for name in names if PurePosixPath(name).suffix.lower() not in (*FILE_ENDINGS, *TABLE_SUFFIXES)]
    if len(media) < len(others):  # files without an ending, or with one of their own
        media = sorted([*media, *others])
    return media


def _from_tfrecord(place: Path) -> Listing:
    records = TfrecordFiles(place)
    names = records.names()
    if not names:
        raise DataError(f"expected captchas in {place}, received no records; name another.")
    entries = tuple(Entry(name, composed(records.text(name) or "") or None, split_of(name)) for name in names)
    labels = {entry.name: entry.text for entry in entries}
    return Listing(records, Reading("tfrecord", "the text of each record", "", labels), entries, ())


def _readings(place: Place, hints: LabelHints) -> list[Reading]:
    """Return every reading of the files: by names, folders, tables and files beside them."""
    if not place.media:
        return []
    index = NameIndex(place.media)
    usual_first = sorted(place.tables, key=lambda name: (USUAL_TABLE.search(name) is None, name))
    tables = []
    for table in usual_first[:MOST_TABLES]:
        try:
            tables.append(table_reading(place.files, table, index, place.media, hints))
        except DataError:
            if table.rpartition("/")[2].lower() in LABEL_FILES:
                raise
    beside = text_file_reading(place.files, place.names, place.media, hints)
    found = [reading for reading in (*tables, beside) if reading is not None]
    return [*joined(found), *name_readings(place.media, hints)]


def _stated(place: Place, rule: str, hints: LabelHints) -> Reading:
    """Return the reading of the table that the user names, or of the only one of the kind."""
    index = NameIndex(place.media)
    if rule in ("csv", "file"):
        wanted = [name for name in place.tables if rule == "file" or name.lower().endswith((".csv", ".tsv"))]
    elif rule.lower().endswith(TABLE_SUFFIXES):
        wanted = [name for name in place.names if name == rule or name.endswith(f"/{rule}")]
    else:
        raise DataError(
            f"expected a label rule of {', '.join(RULES)} or the name of a file of labels, received {rule!r}; name one "
            "of them."
        )
    if len(wanted) > 1:
        usual = [name for name in wanted if name.rpartition("/")[2].lower() in LABEL_FILES]
        if len(usual) != 1:
            fitting = [table_reading(place.files, name, index, place.media, hints) for name in wanted]
            one = joined([reading for reading in fitting if reading])
            if len(one) == 1:
                return one[0]
        wanted = usual
    if len(wanted) != 1:
        kind = "CSV" if rule == "csv" else "file"
        raise DataError(
            f"expected one {kind} of labels in {place.where}, received {len(wanted)}; name the file itself or another "
            "--label-from."
        )
    found = table_reading(place.files, wanted[0], index, place.media, hints, forced=True)
    if found is None or not (found.labels or place.media):
        raise DataError(
            f"expected a folder, a zip archive, a file of labels or TFRecord files to import, received the file "
            f"{place.where / wanted[0]} without captchas beside it; name one of these."
        )
    if not found.labels:
        raise DataError(
            f"expected lines of {wanted[0]} that name files beside it, received none that does; write the name of a "
            "file and its text into each, and let each captcha be a file."
        )
    return found


def _beside(place: Place, hints: LabelHints) -> Reading:
    found = text_file_reading(place.files, place.names, place.media, hints)
    if found is None:
        raise DataError(
            f"expected a text file (NAME.txt) beside each captcha in {place.where}, received fewer than half; name "
            "another --label-from."
        )
    return found


def _listing(place: Place, reading: Reading, others: Sequence[Reading]) -> Listing:
    entries = [Entry(name, text, reading.splits.get(name, split_of(name))) for name, text in reading.labels.items()]
    known = {*place.media, *reading.labels, *reading.sources}
    unused = {name: other for other in others for name in other.sources if name not in reading.sources}
    rejects = list(reading.rejects)
    for name in place.names:
        if name not in known:
            kind, how = "another kind of file", "nothing is taken from it"
            if name.lower().endswith(SPREADSHEETS):
                kind, how = "a spreadsheet", "save it as CSV if it holds labels"
            how = f"{unused[name].option} takes it" if name in unused else how
            rejects.append(Reject(name, f"expected a picture or a clip, received {kind}; {how}."))
    notes = tuple(_notes(place, reading, others, unused))
    entries.sort(key=lambda entry: entry.name)
    return Listing(place.files, reading, tuple(entries), tuple(sorted(rejects, key=lambda one: one.name)), notes)


def _notes(place: Place, reading: Reading, others: Sequence[Reading], unused: dict[str, Reading]) -> Sequence[str]:
    """Return what else the labels could have been."""
    notes = [*reading.notes]
    notes += [f"{folder.rstrip('/')} is a data set, which is passed over" for folder in place.data_sets]
    notes += [f"{name} is not used ({other.option} takes it)" for name, other in list(unused.items())[:3]]
    odd = [name for name in place.tables if name not in unused and name not in reading.sources]
    notes += [
        f"{name} looks like a file of labels, but names few of these files"
        for name in odd[:3]
        if USUAL_TABLE.search(name.rpartition("/")[2])
    ]
    if reading.rule in ("csv", "file", "beside"):
        for other in others:
            if not other.sources and other.score >= CONVINCING and not reading.agrees(other):
                both = [name for name, text in reading.labels.items() if text and other.labels.get(name)]
                differing = sum(reading.labels[name] != other.labels[name] for name in both)
                if differing * 2 < len(both):  # else the names are about something else
                    notes.append(
                        f"{differing:,} names say another text than {reading.words} ({other.option} takes them)"
                    )
    return notes


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
