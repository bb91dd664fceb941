"""Labels in a table beside the captchas: from its rows to a reading, and several tables as one."""

import re
from collections import Counter
from collections.abc import Sequence

from captcha_core.sources.archive import Files
from captcha_core.sources.labels.columns import FITS, ReadTable, best_table
from captcha_core.sources.labels.matching import NameIndex
from captcha_core.sources.labels.names import SPLIT_FOLDERS, shell_word, split_of
from captcha_core.sources.labels.reading import Reading, Reject, without_ending, without_spaces
from captcha_core.sources.labels.scoring import CONVINCING, STATED, LabelHints, likeness
from captcha_core.sources.labels.tables import MAX_TABLE_BYTES, TABLE_SUFFIXES, Table, read_tables

USUAL_TABLE = re.compile(
    r"label|captcha|annot|truth|gt|answer|solution|transcri|caption|metadata|text|标签", re.IGNORECASE
)
MOST_TABLES = 40
NO_LABEL = frozenset(("null", "nan", "none", "nil", "n/a", "#n/a", "<na>", "\\n", "-"))  # as programs write it, folded
IN_ORDER = 0.45  # the score of lines that name no files


def table_names(names: Sequence[str], media: Sequence[str]) -> list[str]:
    """Return the files that may be tables of labels: by their endings, without those that belong to one captcha."""
    stems = {without_ending(name).removesuffix(".gt") for name in media}
    found = [name for name in names if name.lower().endswith(TABLE_SUFFIXES)]
    return [name for name in found if name.rpartition(".")[0].removesuffix(".gt") not in stems]


def table_reading(
    files: Files, table: str, index: NameIndex, names: Sequence[str], hints: LabelHints, forced: bool = False
) -> Reading | None:
    """Return the reading of a table, None where its rows mean no files and it is not asked for.

    Raises:
        DataError: If it cannot be read as a table.
    """
    content = files.read(table, MAX_TABLE_BYTES)
    above = table.rpartition("/")[0]
    tables = list(read_tables(content, table))
    if ordered := _in_order(tables, table, index.names):
        return ordered
    best = best_table(tables, table, index, above, hints)
    covered = len({name for name in best.found if name}) / max(1, len(index.names))
    if not forced and max(best.fit, covered) < FITS:
        return None
    return _from_rows(best, table, names, hints)


def _natural(name: str) -> list[tuple[str, int]]:
    """Return what sorts ``2.png`` before ``10.png``."""
    return [(text, int(number[:18] or 0)) for text, number in re.findall(r"([^0-9]*)([0-9]*)", name)]


def _in_order(tables: Sequence[Table], name: str, names: Sequence[str]) -> Reading | None:
    """Return the texts of a file that names no files, a line for each: it is offered, and never taken for granted."""
    lines = tables[0].rows if len(tables) == 1 and max(map(len, tables[0].rows)) == 1 else []
    if not lines or len(lines) != len(names):
        return None
    files = sorted(names, key=_natural)
    labels = {file: without_spaces(line[0]) for file, line in zip(files, lines, strict=True)}
    words = f"the lines of {name} in the order of the names"
    fault = "may be in another order than the lines"
    return Reading("file", words, f"--label-from {name}", labels, IN_ORDER, fault, sources=frozenset({name}))


def _from_rows(read: ReadTable, table: str, names: Sequence[str], hints: LabelHints) -> Reading:
    labels: dict[str, str | None] = {}
    splits: dict[str, str] = {}
    rejects, notes = [], []
    own_split = _split_in(table)
    elsewhere, spaced = read.found.count(None), 0
    missing = _no_label(read)
    if elsewhere * 2 > len(read.rows):
        notes.append(f"{elsewhere:,} lines of {table} name files that are not here")
    for row, name in zip(read.rows, read.found, strict=True):
        if name is None and elsewhere * 2 > len(read.rows):
            continue
        if name is None:
            reason = f"expected a file beside {table}, received none of this name; correct the line."
            rejects.append(Reject(row.file, reason))
        elif name in labels:
            again = (
                f"expected each file once in {table}, received it again with the text {row.text!r}; remove one line."
            )
            rejects.append(Reject(name if name.endswith(row.file) else row.file, again))
        else:
            labels[name] = None if missing and row.text == missing else without_spaces(row.text)
            spaced += " " in row.text
            if split := row.split or split_of(name) or own_split:
                splits[name] = split
    left = [name for name in names if name not in labels and name != table]
    rejects += [Reject(name, f"expected a line in {table}, received none for this file; add one.") for name in left]
    if missing:
        notes.append(f"{missing} in {table} is taken for no label yet: it stands there more often than any text")
    if spaced:
        notes.append(f"{spaced:,} labels of {table} have spaces, which are left out: no character is one")
    kind = "csv" if table.lower().endswith((".csv", ".tsv")) else "file"
    texts = [text for text in labels.values() if text]
    like = likeness(texts, [""] * len(texts), hints, named=False)
    score = max(like.score, 0.8 * hints.share(texts)) if read.named else like.score
    called_so = USUAL_TABLE.search(table.rpartition("/")[2]) is not None
    usual = read.named or called_so
    if read.named and called_so:  # it says that these are the labels; which of them can be is seen later
        score = max(score, CONVINCING)
    return Reading(
        kind,
        f"{table}{read.text_words}",
        f"--label-from {shell_word(table) if ' ' in table else table}",
        dict(sorted(labels.items())),
        score + STATED if usual and score >= 0.3 else score,
        like.fault,
        splits,
        frozenset({table}),
        tuple(sorted(rejects, key=lambda reject: reject.name)),
        tuple(notes),
    )


def _no_label(read: ReadTable) -> str:
    """Return the word that stands for no label in a table, empty where there is none: no text comes as often."""
    (word, times), *_ = Counter(row.text for row in read.rows if row.text).most_common(1) or [("", 0)]
    return word if times > 1 and word.lower() in NO_LABEL else ""


def _split_in(table: str) -> str | None:
    """Return the split that a table's name speaks of, as ``rec_gt_train.txt``."""
    words = re.split(r"[^a-z]+", table.rpartition("/")[2].lower())
    return next((SPLIT_FOLDERS[word] for word in words if word in SPLIT_FOLDERS), None)


def joined(readings: Sequence[Reading]) -> list[Reading]:
    """Return readings with those of tables for different files made one, as of ``train.csv`` and ``test.csv``."""
    tables = [reading for reading in readings if reading.sources and reading.rule in ("csv", "file")]
    apart = len(tables) > 1 and sum(len(t.labels) for t in tables) == len({n for t in tables for n in t.labels})
    if not apart:
        return list(readings)
    labels = {name: text for table in tables for name, text in table.labels.items()}
    sources = frozenset(source for table in tables for source in table.sources)
    rejects = [
        reject
        for table in tables
        for reject in table.rejects
        if reject.name not in labels and reject.name not in sources
    ]
    one = Reading(
        tables[0].rule,
        " and ".join(table.words for table in tables),
        f"--label-from {tables[0].rule if tables[0].rule == 'csv' else 'file'}",
        dict(sorted(labels.items())),
        min(table.score for table in tables),
        tables[0].fault,
        {name: split for table in tables for name, split in table.splits.items()},
        sources,
        tuple({reject.name: reject for reject in rejects}.values()),
        tuple(note for table in tables for note in table.notes),
    )
    return [one, *(reading for reading in readings if reading not in tables)]
