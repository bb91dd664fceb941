"""A page does not wait long; what it starts does."""

import os

import pytest

from dashboard.tracking import timeouts


def test_what_a_page_starts_has_the_users_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeouts, "_changed", set())
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_TIMEOUT", raising=False)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")
    before = dict(os.environ)
    timeouts.short_timeouts()
    timeouts.short_timeouts()
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "10"
    assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "3", "the user has said so"
    assert timeouts.usual_timeouts(os.environ) == before
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_TIMEOUT")
