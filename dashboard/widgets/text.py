"""Figures in plain words, and names made harmless for Markdown, HTML, file names and CSV."""

import html
import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime

import pandas as pd

from captcha_core.files import no_formula

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
NOTHING = "–"
EXPECTED = re.compile(r"expected (?P<wanted>.+?), received:? (?P<received>.+?)(?:; (?P<remedy>[^;]+))?\.?", re.S)
MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:^=&])")


def ago(time_ms: float | None, now: datetime | None = None) -> str:
    """Return how long a moment lies back: ``just now``, ``12 min ago``, ``3 days ago``, then its date."""
    if time_ms is None or pd.isna(time_ms):
        return NOTHING
    then = datetime.fromtimestamp(time_ms / 1000, UTC)
    seconds = ((now or datetime.now(UTC)) - then).total_seconds()
    if seconds < MINUTE_S:
        return "just now"
    if seconds < HOUR_S:
        return f"{seconds // MINUTE_S:.0f} min ago"
    if seconds < DAY_S:
        return f"{seconds // HOUR_S:.0f} h ago"
    days = int(seconds // DAY_S)
    if days < 30:
        return "yesterday" if days == 1 else f"{days} days ago"
    return f"{then.astimezone():%Y-%m-%d}"


def duration(seconds: float | None) -> str:
    """Return a duration with two units at most: ``45 s``, ``3 min 20 s``, ``2 h 5 min``, ``3 d 4 h``."""
    if seconds is None or pd.isna(seconds):
        return NOTHING
    whole = round(seconds)
    if whole < MINUTE_S:
        return f"{whole} s" if seconds >= 10 else f"{seconds:.1f} s"
    for unit, name, next_unit, next_name in (
        (DAY_S, "d", HOUR_S, "h"),
        (HOUR_S, "h", MINUTE_S, "min"),
        (MINUTE_S, "min", 1, "s"),
    ):
        if whole >= unit:
            rest = whole % unit // next_unit
            return f"{whole // unit} {name}" + (f" {rest} {next_name}" if rest else "")
    return f"{whole} s"


def count(number: float, noun: str, nouns: str = "") -> str:
    """Return ``1 run``, ``1,000 runs``."""
    return f"{number:,.0f} {noun if number == 1 else nouns or noun + 's'}"


def places(n: float | None) -> int:
    """Return how many decimals of a share in per cent ``n`` samples support: none up to 100, two beyond 1,000."""
    if n is None or pd.isna(n) or n <= 0:
        return 2
    return min(2, max(0, math.ceil(math.log10(n)) - 2))


def share(value: float | None, digits: int = 2, n: float | None = None) -> str:
    """Return a share as per cent, never rounded up to all or down to none.

    Args:
        value: In [0, 1].
        digits: Decimals, unless
        n: the number of samples says how many.
    """
    if value is None or pd.isna(value):
        return NOTHING
    digits = digits if n is None else places(n)
    while digits < 6 and 0 < value < 1 and float(f"{value:.{digits + 2}f}") in (0.0, 1.0):
        digits += 1
    return f"{value:.{digits}%}"


def interval(low: float | None, high: float | None, n: float | None = None) -> str:
    """Return a 95 % interval in per cent, empty where it is not known."""
    if low is None or high is None or pd.isna(low) or pd.isna(high):
        return ""
    digits = 1 if n is None else places(n)
    return f"{low * 100:.{digits}f} to {high * 100:.{digits}f}%"


def size(number: float | None) -> str:
    """Return a file size."""
    if number is None or pd.isna(number):
        return NOTHING
    for limit, unit in ((1e6, "MB"), (1e3, "kB")):
        if number >= limit:
            return f"{number / limit:,.1f} {unit}"
    return f"{number:.0f} bytes"


def number(value: object) -> str:
    """Return a figure short enough for a table; anything else as it is."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if pd.isna(value):
        return NOTHING
    if value == int(value) and abs(value) < 1e15:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def markdown(text: object) -> str:
    """Return a text that Markdown (with Streamlit's colours, icons and formulas) shows as it is, on one line."""
    return MARKDOWN.sub(r"\\\1", " ".join(str(text).split()))


def markup(text: object) -> str:
    """Return a text that HTML shows as it is, in content and in quoted attributes."""
    return html.escape(str(text), quote=True)


def file_name(text: object, fallback: str = "file") -> str:
    """Return a text as the name of a file to save: no folders, no control characters, 80 characters at most."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", str(text)).strip(".-")[:80]
    return plain or fallback


def csv(frame: pd.DataFrame) -> bytes:
    """Return a table as CSV (UTF-8) in which no cell is a formula to a spreadsheet."""
    safe = frame.rename(columns=lambda name: no_formula(str(name)))
    for column in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[column]):
            safe[column] = [no_formula(value) for value in safe[column]]
    return bytes(safe.to_csv(index=False).encode())


def shortened(text: str, most: int) -> str:
    """Return a text on one line without its full stop, cut after a word where it is longer than ``most`` characters."""
    one_line = " ".join(text.split())
    if len(one_line) <= most:
        return one_line.removesuffix(".")
    return f"{one_line[:most].rpartition(' ')[0] or one_line[:most]} …"


def listed(names: Iterable[str], most: int = 8) -> str:
    """Return names for a sentence: ``a, b, c and 4 more``."""
    known = list(names)
    if len(known) <= most:
        return ", ".join(known)
    return f"{', '.join(known[:most])} and {len(known) - most} more"


def plain(error: object) -> str:
    """Return an error of the library, ``expected A, received B; do C.``, in two plain sentences for a page."""
    text = " ".join(str(error).split())
    found = EXPECTED.fullmatch(text)
    if not found:
        return text[:1].upper() + text[1:]
    wanted, received, remedy = found["wanted"], found["received"], found["remedy"] or ""
    said = f"Found {received}, where {wanted} is needed."
    return f"{said} {remedy[:1].upper()}{remedy[1:].rstrip('.')}." if remedy else said
