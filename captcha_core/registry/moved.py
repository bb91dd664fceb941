"""A project folder that was moved or copied: MLflow's SQLite file still names the place where it was.

MLflow stores the whole path of every artifact. Only the part up to ``mlartifacts`` is ours to change; other places,
servers and object stores are left alone.
"""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from captcha_core.errors import RegistryError
from captcha_core.registry.lookup import local_folder
from captcha_core.tracking.address import sqlite_file, tracking_uri
from captcha_core.tracking.connect import ARTIFACTS

LOCATIONS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "storage_location"),
    ("model_versions", "source"),
)
MODELS = "models/"  # where MLflow puts logged models; a run without artifacts has no folder
BUSY_S = 30.0


@dataclass(frozen=True)
class Moved:
    """Artifacts that MLflow looks for in one folder and that lie in another.

    Args:
        database: MLflow's file.
        old: Every way in which the database writes the former ``mlartifacts``: as an address, as a path.
        former: That folder.
        now: Where the files are; None where they are in neither of the places that could be meant.
    """

    database: Path
    old: tuple[str, ...]
    former: Path
    now: Path | None

    def __str__(self) -> str:
        if self.now is None:
            return (
                f"expected the files of runs and models in {self.former}, received no such folder; put {ARTIFACTS} "
                f"beside {self.database.name} and run captchalab doctor --repair"
            )
        return (
            f"expected the files of runs and models in {self.former}, received them in {self.now}: the project was "
            "moved or copied; captchalab doctor --repair writes the new place into the database"
        )


def moved() -> list[Moved]:
    """Return which folders of artifacts the database in use names wrongly; none where it is not a SQLite file.

    Raises:
        RegistryError: If it cannot be read.
    """
    database = sqlite_file(tracking_uri())
    if database is None or not database.is_file():
        return []
    inside: dict[Path, dict[str, list[str]]] = {}  # folder -> ways to write it -> paths in it
    for location in _locations(database):
        prefix = _prefix(location)
        if prefix and (folder := local_folder(prefix)):
            inside.setdefault(folder, {}).setdefault(prefix, []).append(location[len(prefix) + 1 :])
    found = [
        _looked_up(database, former, tuple(ways), [path for paths in ways.values() for path in paths if path])
        for former, ways in inside.items()
    ]
    return [one for one in found if one is not None]


def relocate(moved: Moved) -> int:
    """Write the new place of the artifacts into the database, whole or not at all; return how many entries changed.

    Raises:
        RegistryError: If the files are not there, or the database cannot be written.
    """
    if moved.now is None:
        raise RegistryError(f"{moved}.")
    changed = 0
    try:
        with closing(sqlite3.connect(moved.database, timeout=BUSY_S)) as database, database:
            for table, column in LOCATIONS:
                for old in moved.old:
                    new = moved.now.as_uri() if old.startswith("file:") else str(moved.now)
                    changed += database.execute(
                        f"UPDATE {table} SET {column} = ? || substr({column}, ?) "  # noqa: S608  our own names
                        f"WHERE {column} = ? OR substr({column}, 1, ?) = ?",
                        (new, len(old) + 1, old, len(old) + 1, f"{old}/"),
                    ).rowcount
    except sqlite3.Error as error:
        raise RegistryError(
            f"expected a database that can be written at {moved.database}, received {error}; nothing was changed: end "
            "what uses it and repair again."
        ) from None
    return changed


def _locations(database: Path) -> list[str]:
    try:
        with closing(sqlite3.connect(f"file:{quote(str(database))}?mode=ro", uri=True, timeout=BUSY_S)) as opened:
            queries = (f"SELECT DISTINCT {column} FROM {table}" for table, column in LOCATIONS)  # noqa: S608
            return [row[0] for query in queries for row in opened.execute(query) if row[0]]
    except sqlite3.Error as error:
        raise RegistryError(f"expected MLflow's tables in {database}, received {error}; see to the file.") from None


def _prefix(location: str) -> str:
    """Return a location up to the last folder called ``mlartifacts``, empty where it has none."""
    before, there, _ = f"{location}/".rpartition(f"/{ARTIFACTS}/")
    return f"{before}/{ARTIFACTS}" if there and local_folder(location) is not None else ""


def _looked_up(database: Path, former: Path, old: tuple[str, ...], paths: list[str]) -> Moved | None:
    homes = [database.parent / ARTIFACTS, Path(ARTIFACTS).resolve()]
    if former in homes or (former.is_dir() and any(home.is_dir() and home.samefile(former) for home in homes)):
        return None
    there = [home for home in homes if any((home / path).exists() for path in paths)]
    if any((former / path).exists() for path in paths):  # a copy of the project reads what lies beside its database
        return Moved(database, old, former, homes[0]) if homes[0] in there else None
    if there:
        return Moved(database, old, former, there[0])
    if any(path.startswith(MODELS) for path in paths):
        return Moved(database, old, former, None)
    return None if former.parent.is_dir() else Moved(database, old, former, homes[0])
