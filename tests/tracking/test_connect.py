"""MLflow is connected once per process and address."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

import pytest

from captcha_core.errors import RegistryError
from captcha_core.tracking.connect import QUIET, client, connect, disconnect
from tests.answering import answering, say


@contextmanager
def server() -> Iterator[tuple[str, list[str]]]:
    """Run a server that answers everything; yield its address and the paths that were asked for."""
    asked: list[str] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        say(handler, 200)

    with answering(answer) as address:
        yield address, asked


@pytest.fixture(autouse=True)
def unconnected(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///")
    disconnect()
    yield
    disconnect()


def test_a_server_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with server() as (uri, asked):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        for _ in range(5):
            client()
            assert connect() == uri
        assert asked == ["/health"]
        connect(anew=True)
        assert len(asked) == 2


def test_another_address_is_connected_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    with server() as (one, asked_one), server() as (two, asked_two):
        for uri in (one, one, two, two, one):
            monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
            assert connect() == uri
        assert (len(asked_one), len(asked_two)) == (2, 1)


def test_a_server_that_was_away_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with server() as (uri, _):
        pass
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    for _ in range(2):
        with pytest.raises(RegistryError, match="expected a tracking server at"):
            client()


def test_mlflow_writes_nothing_beside_what_a_command_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow.environment_variables import (
        MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR,
        MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT,
    )

    for name in QUIET:
        monkeypatch.delenv(name, raising=False)
    with server() as (uri, _):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        connect()
    assert MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT.get() and not MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR.get()
