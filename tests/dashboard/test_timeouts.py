"""A page does not wait long; what it starts does."""

import os

import pytest

from dashboard import process


def test_what_a_page_starts_waits_as_long_as_the_user_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_changed", set())
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_TIMEOUT", raising=False)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")
    before = dict(os.environ)
    process.short_timeouts()
    process.short_timeouts()
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "10"
    assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "3", "the user has said so"
    assert process.usual_timeouts(os.environ) == before
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_TIMEOUT")
