"""A Ray cluster: the connection to it, and what Ray finds and writes meanwhile."""

import contextlib
import logging
import os
import socket
import sys
from pathlib import Path
from typing import Any

from captcha_core.errors import DataError
from captcha_core.extras import require

KNOCK_S = 10.0


def connect_ray(address: str) -> tuple[Any, bool]:
    """Return Ray's module, connected to a cluster, and whether it was not before.

    Args:
        address: HOST:PORT, ray://HOST:PORT, ``auto``, or ``local``, which starts a cluster on this machine.

    Raises:
        MissingExtra: If Ray is not installed.
        DataError: If it cannot be reached.
    """
    os.environ |= ray_environment(address) | os.environ
    require("cluster", "--cluster")
    import ray

    fresh = not ray.is_initialized()
    try:
        _knock(address)
        if fresh:
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, ValueError, RuntimeError, ray.exceptions.RayError) as error:
        raise DataError(
            f"expected a Ray cluster at {address!r}, received: {str(error).splitlines()[0]}; start one with "
            "`ray start --head` or use --cluster local."
        ) from None
    return ray, fresh


def ray_environment(address: str) -> dict[str, str]:
    """Return the variables that Ray finds unless the user has set them.

    A head that finds a token on its machine asks every client for it; a client sends it only in this mode.
    """
    named = os.environ.get("RAY_AUTH_TOKEN") or os.environ.get("RAY_AUTH_TOKEN_PATH")
    has_token = bool(named) or (Path.home() / ".ray" / "auth_token").is_file()
    token = {"RAY_AUTH_MODE": "token"} if has_token and address != "local" else {}
    return {"RAY_USAGE_STATS_ENABLED": "0", **token}


def ray_aside() -> contextlib.AbstractContextManager[Any]:
    """Send what Ray prints about lost nodes to stderr within the block: stdout is for results."""
    return contextlib.redirect_stdout(sys.stderr)


def _knock(address: str) -> None:
    """Raise OSError when nobody listens at HOST:PORT: Ray itself would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), KNOCK_S).close()
