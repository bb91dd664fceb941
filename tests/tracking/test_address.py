"""An address that cannot work is said at once, in a sentence."""

import socket
import threading
import time

import pytest

from captcha_core.tracking.address import fault_of


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    "uri",
    [
        "sqlite:///mlflow.db",
        "sqlite:////srv/mlflow.db",
        "postgresql:///mlflow?host=/var/run/postgresql",
        "postgresql://a:1,b:2/mlflow",
        "databricks",
        "databricks://profile",
        "plugin://somewhere",
    ],
)
def test_what_may_work_is_not_refused(uri: str) -> None:
    assert fault_of(uri) == ""


@pytest.mark.parametrize("uri", ["mlflow.db", "./mlruns", "/srv/mlruns", "file:///srv/mlruns"])
def test_a_path_is_no_address(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_ALLOW_FILE_STORE", raising=False)
    assert fault_of(uri) == (
        "expected a server (http://HOST:PORT) or a database (sqlite:///mlflow.db) in MLFLOW_TRACKING_URI, received "
        f"the path {uri!r}; correct it."
    )
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    assert fault_of(uri) == ""


@pytest.mark.parametrize("kind", ["postgresql+psycopg", "postgresql", "mysql+pymysql"])
def test_a_database_server_that_is_not_there_is_said_at_once_and_without_its_password(kind: str) -> None:
    began = time.monotonic()
    fault = fault_of(f"{kind}://me:secret@127.0.0.1:{unused_port()}/mlflow")
    assert time.monotonic() - began < 5
    assert fault.startswith(f"expected a database server at {kind}://me:***@127.0.0.1:")
    assert "Connection refused" in fault and "secret" not in fault


def test_a_database_server_that_listens_may_work() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        assert fault_of(f"postgresql://ada@127.0.0.1:{listening.getsockname()[1]}/mlflow") == ""


def test_a_server_that_is_not_there() -> None:
    uri = f"http://127.0.0.1:{unused_port()}"
    fault = fault_of(uri)
    assert fault.startswith(f"expected a tracking server at {uri}, received [Errno")
    assert fault.endswith("start it or correct MLFLOW_TRACKING_URI.")


def test_what_speaks_no_http_is_no_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def greet() -> None:
            guest, _ = listening.accept()
            with guest:
                guest.recv(4096)
                guest.sendall(b"SSH-2.0-server\r\n")

        threading.Thread(target=greet, daemon=True).start()
        assert "RemoteProtocolError" in fault_of(f"http://127.0.0.1:{listening.getsockname()[1]}")
