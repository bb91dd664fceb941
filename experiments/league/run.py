"""The whole league: every row, its table and page after each, all below one run in MLflow."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from captcha_core.errors import disk_error
from captcha_core.files import write_file
from captcha_core.progress import console
from captcha_core.tracking.names import Kind, Tag
from captcha_core.tracking.runs import Run, parent_run
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
    rows: list[dict[str, Any]] = []
    name = _name(out)
    with parent_run(name, name, {Tag.KIND: Kind.LEAGUE}) as parent:
        parent.params({"league": {"count": bounds.count, "minutes": bounds.minutes}})
        for entry, setting in [(one, setting) for one in chosen for setting in one.settings]:
            if settings and setting not in settings:
                continue
            console.print(f"{entry.name}, {setting}")
            rows.append(measured(entry, setting, out, bounds, parent.id))
            _log(parent, rows[-1])
            _write(out, [*rows, *_others(out, rows)])
        parent.folder(out / "rows", "rows")
        for file in (TABLE, PAGE):
            parent.client.log_artifact(parent.id, str(out / file))
    return rows


def _name(out: Path) -> str:
    """Return the name of this folder's league: of the one that was begun here before, or a new one."""
    path = out / RUN
    if path.is_file():
        return path.read_text(encoding="utf-8").strip()
    name = f"league {time.strftime('%Y-%m-%d %H:%M:%S')}"
    try:
        write_file(path, f"{name}\n".encode())
    except OSError as error:
        raise disk_error(path, error) from None
    return name


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
