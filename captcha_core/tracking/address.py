"""Is an address one that MLflow can use, and does anybody answer there? MLflow itself tries for up to two minutes."""

import os
import socket
from urllib.parse import urlsplit

from captcha_core.tracking.redact import masked

DEFAULT_TRACKING_URI = "sqlite:///mlflow.db"
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
