"""Files of labels as rows of cells, whatever wrote them: CSV, tabs or spaces, JSON, JSON lines, a Python dictionary."""

import ast
import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from captcha_core.errors import DataError
from captcha_core.sources.encodings import decode_text

JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
TABLE_SUFFIXES = (".csv", ".tsv", ".tab", ".txt", ".lst", ".list", ".py", ".yaml", ".yml", *JSON_SUFFIXES)
MAX_TABLE_BYTES = 256 * 2**20
MAX_LITERAL_BYTES = 8 * 2**20  # Python's parser takes some hundred bytes for each
DEEPEST = 12
SAMPLE_LINES = 200
MOST_COLUMNS = 200


@dataclass(frozen=True)
class Table:
    """Rows of cells, a file and a text among them.

    Args:
        name: Of the file.
        rows: Cells, as many in each row as there are columns at most.
        header: Names of the columns, where the format has them (JSON); a CSV's are still in its first row.
    """

    name: str
    rows: Sequence[Sequence[str]]
    header: tuple[str, ...] | None = None


def read_tables(content: bytes, name: str) -> Iterator[Table]:
    """Yield every way to read a file of labels as a table; the caller knows which names the files.

    Raises:
        DataError: If it can be none.
    """
    text = decode_text(content).strip("\x00\r\n")
    if not text.strip():
        raise DataError(f"expected lines of file and text in {name}, received none; fill the CSV.")
    start = text.lstrip()[:1]
    if name.lower().endswith(JSON_SUFFIXES) or start in "[{":
        found = _structured(text, name)
        if found is not None:
            yield found
            return
    elif name.lower().endswith(".py"):
        found = _structured(text.partition("=")[2], name)
        if found is not None:
            yield found
        return
    yield from _delimited(text, name)


def _delimited(text: str, name: str) -> Iterator[Table]:
    """Yield the rows for each separator that cuts most lines in two or more."""
    lines = [line for line in text.splitlines() if line.strip()]
    head = lines[:SAMPLE_LINES]
    least = 0.5 if name.lower().endswith(".csv") else 0.9
    for separator in ("\t", ",", ";", "|"):
        if sum(separator in line for line in head) >= least * len(head):
            rows = _csv_rows(text, separator, name)
            if rows:
                yield Table(name, rows)
    if name.lower().endswith(".csv"):
        if not any(separator in line for line in head for separator in "\t,;|"):
            yield Table(name, [[line.strip()] for line in lines])
        return
    yield Table(name, [[line.strip()] for line in lines])
    for cut in (_at_colon, lambda line: line.split(None, 1), lambda line: line.rsplit(None, 1)):
        rows = [[cell.strip().strip("'\"") for cell in cut(line)] for line in lines]
        if sum(len(row) > 1 for row in rows[:SAMPLE_LINES]) >= 0.9 * len(head):
            yield Table(name, rows)


def _at_colon(line: str) -> list[str]:
    return re.split(r"\s*(?:->|=>|:|=)\s*", line, maxsplit=1)


def _csv_rows(text: str, separator: str, name: str) -> list[list[str]]:
    """Read a CSV; quotes that no spreadsheet would write are part of the cell."""
    try:
        rows = csv.reader(io.StringIO(text), delimiter=separator)
        return [[cell.strip() for cell in row] for row in rows if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise DataError(f"expected {name} to be a CSV, received {error}; save it as such.") from None


def _structured(text: str, name: str) -> Table | None:
    """Return JSON, JSON lines or a Python literal as a table, None where it is none of them."""
    for parse in (json.loads, _json_lines, _literal):
        try:
            document = parse(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            continue
        records = _records(document)
        if records:
            return _table(records, name)
    return None


def _json_lines(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def _literal(text: str) -> Any:
    """Read a Python dictionary or list, which is never run."""
    if len(text) > MAX_LITERAL_BYTES:
        raise ValueError(f"more than {MAX_LITERAL_BYTES:,} characters")
    return ast.literal_eval(text.strip())


def _records(document: Any) -> list[dict[str, str]]:
    """Return the largest list of records in a document: of objects, pairs, or the pairs of a map."""
    if isinstance(document, dict):
        if {"images", "annotations"} <= document.keys():
            return _joined(document)
        inner = [value for value in document.values() if isinstance(value, dict | list) and len(value) > 1]
        plain = [value for value in document.values() if not isinstance(value, dict | list)]
        if len(document) <= 8 and inner and len(plain) < max(map(len, inner)) and not _is_map(document):
            return max((_records(value) for value in inner), key=len)
        return [{"key": str(key), **_flat(value, "value")} for key, value in document.items()]
    if isinstance(document, list | tuple):
        return [_flat(item, "") for item in document if isinstance(item, dict | list | tuple)]
    return []


def _is_map(document: dict[Any, Any]) -> bool:
    """Tell whether the keys are files: they have endings."""
    return sum(re.search(r"\.\w{2,4}$", str(key)) is not None for key in document) * 2 > len(document)


def _joined(document: dict[str, Any]) -> list[dict[str, str]]:
    """Return a COCO document's annotations, each with its picture."""
    pictures = {item.get("id"): item for item in document["images"] if isinstance(item, dict)}
    pairs = [(pictures.get(item.get("image_id")), item) for item in document["annotations"] if isinstance(item, dict)]
    return [_flat(picture, "image") | _flat(item, "annotation") for picture, item in pairs if picture]


def flat_values(value: Any) -> dict[str, str]:
    """Return the plain values inside a JSON document by their paths, as ``annotations.0.result.0.value.text.0``."""
    return _flat(value, "")


def _flat(value: Any, key: str, depth: int = 0) -> dict[str, str]:
    if depth > DEEPEST:
        return {}
    if isinstance(value, dict):
        pairs = [(str(name), inner) for name, inner in value.items() if name != "predictions"]
    elif isinstance(value, list | tuple):
        pairs = [(str(place), inner) for place, inner in enumerate(value[:MOST_COLUMNS])]
    else:
        return {} if value is None or isinstance(value, bool) else {key: str(value)}
    found: dict[str, str] = {}
    for name, inner in pairs:
        found |= _flat(inner, f"{key}.{name}" if key else name, depth + 1)
        if len(found) > MOST_COLUMNS:
            break
    return found


def _table(records: list[dict[str, str]], name: str) -> Table:
    columns = list(dict.fromkeys(key for record in records for key in record))[:MOST_COLUMNS]
    return Table(name, [[record.get(column, "") for column in columns] for record in records], tuple(columns))
