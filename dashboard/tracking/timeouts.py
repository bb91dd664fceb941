"""How long a page waits for the tracking server: less than MLflow would, and what it starts does not inherit that."""

import os
from collections.abc import Mapping

FOR_PAGES = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "10", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
_changed: set[str] = set()


def short_timeouts() -> None:
    """Let MLflow give up soon in this process, where the user has not said how soon."""
    for name, value in FOR_PAGES.items():
        if name not in os.environ:
            os.environ[name] = value
            _changed.add(name)


def usual_timeouts(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment as it was before."""
    return {name: value for name, value in environment.items() if name not in _changed}
