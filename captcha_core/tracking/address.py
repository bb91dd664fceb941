"""The tracking store behind an address: can MLflow use it, does anybody answer there, and is its SQLite file made yet?

MLflow itself tries an address for up to two minutes. Its SQLite file is made beside its place and swapped in: a kill or
a full disk leaves no half of it.
"""

import logging
import os
import socket
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from captcha_core.files import write_file
from captcha_core.tracking.redact import masked

DEFAULT_TRACKING_URI = "sqlite:///mlflow.db"
PREFIX = "sqlite:///"
TIMEOUT_S = 5.0
PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}
WITHOUT_SLASHES = ("databricks", "uc")


def tracking_uri() -> str:
    """Return the address of the tracking store, by MLflow's own variable or the database here."""
    return os.environ.get("MLFLOW_TRACKING_URI") or DEFAULT_TRACKING_URI


def fault_of(uri: str) -> str:
    """Return in a sentence what is wrong with a tracking address; empty where it may work.

    A server is asked for an answer, a database server only whether it listens, both within five seconds.
    """
    kind = uri.partition(":")[0].partition("+")[0]
    if kind in ("http", "https"):
        return _unanswered(uri)
    if kind in PORTS:
        return _deaf(uri, PORTS[kind])
    is_path = "://" not in uri and not uri.startswith(WITHOUT_SLASHES)
    if (is_path or kind == "file") and os.environ.get("MLFLOW_ALLOW_FILE_STORE", "").lower() not in ("1", "true"):
        return no_store(f"the path {uri!r}")
    return ""


def no_store(received: str) -> str:
    """Return the sentence about an address of a kind that MLflow cannot use."""
    return (
        "expected a server (http://HOST:PORT) or a database (sqlite:///mlflow.db) in MLFLOW_TRACKING_URI, received "
        f"{received}; correct it."
    )


def _unanswered(uri: str) -> str:
    from captcha_core.tracking.server import REFUSED, ask, refusal, unanswered

    try:
        status, _ = ask(uri, "/health")
    except OSError as error:
        return unanswered(uri, error)
    return refusal(uri, status) if status in REFUSED else ""  # anything else is seen at the first real call


def _deaf(uri: str, usual_port: int) -> str:
    parts = urlsplit(uri)
    if not parts.hostname or "," in parts.netloc or "host=" in parts.query:
        return ""  # a socket's file, or several servers: their own client knows
    try:
        socket.create_connection((parts.hostname, parts.port or usual_port), TIMEOUT_S).close()
    except (OSError, ValueError) as error:
        return (
            f"expected a database server at {masked(uri)}, received {error}; start it or correct MLFLOW_TRACKING_URI."
        )
    return ""


def ensure(uri: str) -> None:
    """Make the database behind an address if it is a SQLite file that is not there yet.

    MLflow makes its tables one by one in seconds; cut off in between it could neither use nor finish them.

    Raises:
        OSError: If the disk does not take it.
    """
    path = sqlite_file(uri)
    if path is None or path.exists():
        return
    from filelock import FileLock  # which a registered model needs nowhere to be loaded

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
