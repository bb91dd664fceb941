"""Which column of a table names the files, which holds the texts, and which the splits."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from captcha_core.errors import DataError
from captcha_core.sources.labels.matching import NameIndex
from captcha_core.sources.labels.names import SPLIT_FOLDERS
from captcha_core.sources.labels.scoring import LabelHints, are_sums, likeness
from captcha_core.sources.labels.tables import Table

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
FITS = 0.5  # of the rows, or of the files
SAMPLED_ROWS = 400


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


def best_table(tables: Sequence[Table], name: str, index: NameIndex, above: str, hints: LabelHints) -> ReadTable:
    """Return the table whose rows fit the files best, of those that a file can be read as.

    Raises:
        DataError: If it is no table of files and texts.
    """
    several = [way for way in tables if max(map(len, way.rows)) > 1]
    ways = [_understood(way, index, above, hints) for way in several or tables[:1]]
    if not ways:
        raise DataError(f"expected a file and a text in each line of {name}, received another kind of file; name it.")
    return max(ways, key=lambda way: (way.fit, way.named))


def _understood(table: Table, index: NameIndex, above: str, hints: LabelHints) -> ReadTable:
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
    words = [column_word(cell) for cell in first]
    body = table.rows if table.header else table.rows[1:]
    file_at, share = _file_column(body or table.rows, words, index, above)
    known = [column_word(cell) in (*FILE_COLUMNS[:-1], *TEXT_COLUMNS[:-1], *SPLIT_COLUMNS) for cell in first]
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
    if len(texts) > 1 and all(text.startswith("'") for text in texts if text):  # how a cell is marked as text
        texts = [text.removeprefix("'") for text in texts]
    rows = [Row(_plain(row[file_at]), text, _split_cell(row, split_at)) for row, text in zip(body, texts, strict=True)]
    called = f" ({first[file_at]} and {first[text_at]})" if any(words) and "key" not in words else ""
    return ReadTable(rows, [index.find(row.file, above) for row in rows], named, called)


def column_word(cell: str) -> str:
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
    """Return a cell's text. PaddleOCR lists for detection have JSON with the transcriptions.

    Spreadsheets are given ``="0042"`` so that they keep the zeros.
    """
    cell = cell.strip()
    if cell.startswith('="') and cell.endswith('"'):
        return cell[2:-1].strip()
    if cell.startswith("[{"):
        try:
            return "".join(str(item["transcription"]) for item in json.loads(cell))
        except (ValueError, KeyError, TypeError, RecursionError):
            return cell
    return cell


def _split_cell(row: Sequence[str], at: int | None) -> str | None:
    word = row[at].strip() if at is not None and at < len(row) else ""
    return SPLIT_FOLDERS.get(word.lower(), word) or None  # a word that is no split is refused by --split keep
