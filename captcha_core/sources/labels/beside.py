"""Labels in files beside the captchas: tables of all kinds, and a text file for each captcha."""

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from captcha_core.errors import DataError
from captcha_core.sources.archive import Files
from captcha_core.sources.encodings import decode_text
from captcha_core.sources.labels.matching import NameIndex
from captcha_core.sources.labels.names import SPLIT_FOLDERS, shell_word, split_of
from captcha_core.sources.labels.reading import Reading, Reject, label_text
from captcha_core.sources.labels.scoring import CONVINCING, LabelHints, are_sums, likeness
from captcha_core.sources.labels.tables import MAX_TABLE_BYTES, TABLE_SUFFIXES, Table, flat_values, read_tables

FILE_COLUMNS = (
    "filename", "file", "filepath", "imagename", "imagefile", "imagepath", "path", "image", "img", "imgname", "imgpath",
    "picture", "audio", "wav", "clip", "fileupload", "ocr", "url", "src", "key", "name", "id", "0",
)  # fmt: skip
TEXT_COLUMNS = (
    "text", "label", "labels", "captcha", "captchatext", "solution", "answer", "transcription", "transcript", "target",
    "groundtruth", "gt", "truth", "word", "words", "code", "content", "string", "value", "result", "caption", "标签",
    "验证码", "1",
)  # fmt: skip
OTHER_COLUMNS = (
    "width", "height", "w", "h", "size", "bytes", "index", "idx", "confidence", "score", "length", "channels", "source",
)  # fmt: skip
SPLIT_COLUMNS = ("split", "set", "subset", "partition")
USUAL_TABLE = re.compile(
    r"label|captcha|annot|truth|gt|answer|solution|transcri|caption|metadata|text|标签", re.IGNORECASE
)
TEXT_SUFFIXES = (".txt", ".gt.txt", ".lab", ".label", ".json")
MAX_TEXT_BYTES = 4096
MOST_TABLES = 40
FITS = 0.5  # of the rows, or of the files
SAMPLED_ROWS = 400
IN_ORDER = 0.45  # the score of lines that name no files
STATED = 1.0  # is added to the score of a file that says what the labels are


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table of labels."""

    file: str
    text: str
    split: str | None = None


@dataclass(frozen=True)
class ReadTable:
    """A table whose columns are known.

    Args:
        rows: File, text and split of each line.
        found: The file that each row means, None where it means none.
        named: The column of texts has a usual name.
        text_words: What the columns are called.
    """

    rows: list[Row]
    found: list[str | None]
    named: bool
    text_words: str

    @property
    def fit(self) -> float:
        """Share of the rows that mean a file."""
        return sum(name is not None for name in self.found) / max(1, len(self.rows))


def table_names(names: Sequence[str], media: Sequence[str]) -> list[str]:
    """Return the files that may be tables of labels: by their endings, without those that belong to one captcha."""
    stems = {_without_ending(name).removesuffix(".gt") for name in media}
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
    several = [way for way in tables if max(map(len, way.rows)) > 1]
    ways = [_understand(way, index, above, hints) for way in several or tables[:1]]
    best = max(ways, key=lambda way: (way.fit, way.named), default=None)
    if best is None:
        raise DataError(f"expected a file and a text in each line of {table}, received another kind of file; name it.")
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


def _understand(table: Table, index: NameIndex, above: str, hints: LabelHints) -> ReadTable:
    """Find the columns of a table: the one that names files, the one that holds texts.

    Raises:
        DataError: If a line has too few cells.
    """
    width = max(len(row) for row in table.rows)
    if width < 2:
        raise DataError(
            f"expected a file and a text in each line of {table.name}, received {list(table.rows[0])}; correct it."
        )
    first = list(table.header or table.rows[0])
    first += [""] * (width - len(first))
    words = [_column_word(cell) for cell in first]
    body = table.rows if table.header else table.rows[1:]
    file_at, share = _file_column(body or table.rows, words, index, above)
    known = [_column_word(cell) in (*FILE_COLUMNS[:-1], *TEXT_COLUMNS[:-1], *SPLIT_COLUMNS) for cell in first]
    if table.header is None:
        headed = (any(known) or share >= FITS) and index.find(first[file_at], above) is None
        headed = headed and (any(known) or not _is_file(first[file_at]))
        body = body if headed else table.rows
        words = words if headed else [""] * width
    text_at, named = _text_column(body, words, file_at, hints)
    short = next((row for row in body if len(row) <= file_at or (len(row) <= text_at and not table.header)), None)
    if short is not None:
        raise DataError(f"expected a file and a text in each line of {table.name}, received {list(short)}; correct it.")
    split_at = next((words.index(word) for word in SPLIT_COLUMNS if word in words), None)
    texts = [_plain(row[text_at]) if text_at < len(row) else "" for row in body]
    if texts and all(re.fullmatch(r"\d+\.0", text) for text in texts if text):  # numbers that pandas wrote
        texts = [text[:-2] for text in texts]
    rows = [Row(row[file_at].strip(), text, _split_cell(row, split_at)) for row, text in zip(body, texts, strict=True)]
    called = f" ({first[file_at]} and {first[text_at]})" if any(words) and "key" not in words else ""
    return ReadTable(rows, [index.find(row.file, above) for row in rows], named, called)


def parse_rows(content: bytes, name: str, names: Sequence[str] = ()) -> list[Row]:
    """Return the rows of a table on their own, for files of the names.

    Raises:
        DataError: If it is no table of files and texts.
    """
    index = NameIndex(names)
    ways = [_understand(table, index, "", LabelHints()) for table in read_tables(content, name)]
    if not ways:
        raise DataError(f"expected a file and a text in each line of {name}, received another kind of file; name it.")
    return max(ways, key=lambda way: way.fit).rows


def _column_word(cell: str) -> str:
    """Return the name of a column as all spellings have it; of a path in JSON the last name."""
    parts = [part for part in re.split(r"\.", cell.strip().lower()) if part and not part.isdigit()] or [cell]
    return re.sub(r"[\s_\-]", "", parts[-1].strip("\ufeff$"))


def _is_file(cell: str) -> bool:
    return re.search(r"\.[A-Za-z0-9]{2,5}$", cell) is not None


def _file_column(
    rows: Sequence[Sequence[str]], words: Sequence[str], index: NameIndex, above: str
) -> tuple[int, float]:
    """Return the column whose cells mean files, and the share of them that do."""
    sample = rows[:: max(1, len(rows) // SAMPLED_ROWS)]

    def quality(column: int) -> tuple[float, int, int]:
        cells = [row[column] for row in sample if len(row) > column]
        found = sum(2 if _is_file(cell) else 1 for cell in cells if index.find(cell, above))
        order = -FILE_COLUMNS.index(words[column]) if words[column] in FILE_COLUMNS else -len(FILE_COLUMNS)
        return round(found / max(1, len(sample)), 2), order, -column

    best = max(range(len(words)), key=quality)
    return best, quality(best)[0]


def _text_column(
    rows: Sequence[Sequence[str]], words: Sequence[str], file_at: int, hints: LabelHints
) -> tuple[int, bool]:
    """Return the column of texts, and whether it is known by its name."""
    others = [column for column in range(len(words)) if column != file_at]
    filled = {column: sum(len(row) > column and bool(row[column]) for row in rows[:SAMPLED_ROWS]) for column in others}
    sums = [column for column in others if are_sums([row[column] for row in rows[:SAMPLED_ROWS] if len(row) > column])]
    if sums:  # another column may hold the answers: what is read is the sum
        return sums[0], True
    usual = [column for column in others if words[column] in TEXT_COLUMNS]
    if usual:
        return max(usual, key=lambda column: (filled[column] > 0, -TEXT_COLUMNS.index(words[column]))), True
    sample = rows[:: max(1, len(rows) // SAMPLED_ROWS)]

    def score(column: int) -> tuple[float, int]:
        texts = [row[column] if len(row) > column else None for row in sample]
        return likeness(texts, [""] * len(texts), hints, named=False).score, -column

    free = [column for column in others if words[column] not in (*FILE_COLUMNS, *SPLIT_COLUMNS, *OTHER_COLUMNS)]
    return max(free or others, key=score), False


def _plain(cell: str) -> str:
    """Return a cell's text; PaddleOCR lists for detection have JSON with the transcriptions."""
    cell = cell.strip()
    if cell.startswith("[{"):
        try:
            return "".join(str(item["transcription"]) for item in json.loads(cell))
        except (ValueError, KeyError, TypeError, RecursionError):
            return cell
    return cell


def _split_cell(row: Sequence[str], at: int | None) -> str | None:
    word = row[at].strip() if at is not None and at < len(row) else ""
    return SPLIT_FOLDERS.get(word.lower(), word) or None  # a word that is no split is refused by --split keep


def _from_rows(read: ReadTable, table: str, names: Sequence[str], hints: LabelHints) -> Reading:
    labels: dict[str, str | None] = {}
    splits: dict[str, str] = {}
    rejects, notes = [], []
    own_split = _split_in(table)
    elsewhere, spaced = read.found.count(None), 0
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
            labels[name] = without_spaces(row.text)
            spaced += " " in row.text
            if split := row.split or split_of(name) or own_split:
                splits[name] = split
    left = [name for name in names if name not in labels and name != table]
    rejects += [Reject(name, f"expected a line in {table}, received none for this file; add one.") for name in left]
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


def without_spaces(text: str) -> str | None:
    """Return a label without the spaces in it, which no alphabet holds; None where nothing is left."""
    return "".join(label_text(text).split()) or None


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
    words = {_column_word(key): value for key, value in reversed(values.items())}
    return next((words[column] for column in TEXT_COLUMNS if column in words), "")


def _by_stems(names: Sequence[str], media: Sequence[str]) -> dict[str, str]:
    """Return the text file of each captcha in another folder, as ``labels/1.txt`` of ``images/1.png``."""
    found: dict[str, list[str]] = defaultdict(list)
    for name in (*media, *(name for name in names if name.lower().endswith(TEXT_SUFFIXES))):
        found[PurePosixPath(name).stem.removesuffix(".gt")].append(name)
    pairs = [pair for pair in found.values() if len(pair) == 2]
    known = set(media)
    return {one: other for one, other in pairs if one in known and other not in known}


def _without_ending(name: str) -> str:
    return re.sub(r"(?<=[^/])\.[^./]*$", "", name)


def _text_beside(name: str, there: set[str]) -> str | None:
    stem = _without_ending(name)
    ways = [base + suffix for base in (stem, name) for suffix in TEXT_SUFFIXES]
    return next((way for way in ways if way in there), None)
