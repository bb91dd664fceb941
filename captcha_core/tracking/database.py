"""MLflow's SQLite file, made beside its place and swapped in: a kill or a full disk leaves no half of it."""

import logging
import tempfile
from pathlib import Path

from filelock import FileLock

from captcha_core.files import write_file

PREFIX = "sqlite:///"


def ensure(uri: str) -> None:
    """Make the database behind an address if it is a SQLite file that is not there yet.

    MLflow makes its tables one by one in seconds; cut off in between it could neither use nor finish them.

    Raises:
        OSError: If the disk does not take it.
    """
    path = sqlite_file(uri)
    if path is None or path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{path}.lock"):
        if path.exists():  # another process was quicker
            return
        with tempfile.TemporaryDirectory() as folder:  # its name is harmless in an address, ours may hold ? or %20
            _make(f"{PREFIX}{folder}/new.db")
            write_file(path, Path(folder, "new.db").read_bytes())


def is_missing(uri: str) -> bool:
    """Tell whether an address names a SQLite file that nobody has made yet.

    Raises:
        OSError: If it cannot be made there.
    """
    path = sqlite_file(uri)
    if path is None or path.exists():
        return False
    home = next(folder for folder in path.parents if folder.exists())
    try:
        with tempfile.TemporaryFile(dir=home):  # permissions alone do not tell: a file system can be read-only
            return True
    except OSError as error:
        raise OSError(f"{home} is no folder that can be written to: {error.strerror}") from None


def sqlite_file(uri: str) -> Path | None:
    """Return the file of a SQLite address, None for any other address."""
    name = uri.removeprefix(PREFIX)
    plain = uri.startswith(PREFIX) and name and "?" not in name and ":memory:" not in name
    return Path(name).resolve() if plain else None  # a link stays one


def _make(uri: str) -> None:
    from mlflow.store.db.utils import _initialize_tables, create_sqlalchemy_engine
    from sqlalchemy.exc import SQLAlchemyError

    logging.getLogger("mlflow.store.db.utils").setLevel(logging.WARNING)
    engine = create_sqlalchemy_engine(uri)
    try:
        _initialize_tables(engine)
    except SQLAlchemyError as error:
        raise OSError(str(getattr(error, "orig", error)).splitlines()[0]) from error
    finally:
        engine.dispose()
