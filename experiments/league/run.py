"""The whole league: every row, its table and page after each, all below one run in MLflow."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from captcha_core.errors import disk_error
from captcha_core.files import write_file
from captcha_core.progress import console
from captcha_core.tracking.connect import client
from captcha_core.tracking.names import Kind, Tag
from captcha_core.tracking.owner import own_tags
from captcha_core.tracking.runs import Run, begin_run
from experiments.league import report
from experiments.league.entries import entries
from experiments.league.rows import Bounds, measured

TABLE, PAGE, RUN = "league.md", "league.html", "run.txt"


def run(out: Path, only: Sequence[str], settings: Sequence[str], bounds: Bounds) -> list[dict[str, Any]]:
    """Measure what is not measured yet and return all rows that were asked for.

    Raises:
        DataError: If the folder cannot be written.
        SpecError: If a name is unknown.
    """
    chosen = entries(only)
    out.mkdir(parents=True, exist_ok=True)
    parent = _parent(out, bounds)
    rows: list[dict[str, Any]] = []
    try:
        for entry, setting in [(one, setting) for one in chosen for setting in one.settings]:
            if settings and setting not in settings:
                continue
            console.print(f"{entry.name}, {setting}")
            rows.append(measured(entry, setting, out, bounds, parent.id))
            _log(parent, rows[-1])
            _write(out, [*rows, *_others(out, rows)])
    except BaseException as error:
        parent.end("KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED", f"{type(error).__name__}: {error}")
        raise
    parent.folder(out / "rows", "rows")
    for name in (TABLE, PAGE):
        client().log_artifact(parent.id, str(out / name))
    parent.end("FINISHED")
    return rows


def _parent(out: Path, bounds: Bounds) -> Run:
    """Return the run of this folder's league: the one that was begun here before, or a new one."""
    path = out / RUN
    name = (
        path.read_text(encoding="utf-8").strip() if path.is_file() else f"league {time.strftime('%Y-%m-%d %H:%M:%S')}"
    )
    found = Run(begin_run(name, name, {Tag.KIND: Kind.LEAGUE, **own_tags()}), client())
    found.params({"league": {"count": bounds.count, "minutes": bounds.minutes}})
    try:
        write_file(path, f"{name}\n".encode())
    except OSError as error:
        raise disk_error(path, error) from None
    return found


def _log(parent: Run, row: dict[str, Any]) -> None:
    figures = {
        f"{row['name']} {row['setting']}/{name}": float(figure.get("answer", figure)["value"])
        for name, figure in row["figures"].items()
        if "fault" not in figure
    }
    if figures:
        parent.metrics(figures)


def _others(out: Path, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows that were measured before and not asked for now."""
    mine = {(row["name"], row["setting"]) for row in rows}
    files = sorted((out / "rows").glob("*.json"))
    found = [json.loads(path.read_text(encoding="utf-8")) for path in files]
    return [row for row in found if (row["name"], row["setting"]) not in mine]


def _write(out: Path, rows: Sequence[dict[str, Any]]) -> None:
    ordered = sorted(rows, key=lambda row: (row["name"], row["setting"]))
    write_file(out / TABLE, report.markdown(ordered).encode())
    write_file(out / PAGE, report.page(ordered, out).encode())
