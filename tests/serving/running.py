"""A server as a user starts it: its own process, on a free port."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from captcha_core.bundle.bundle import Bundle
from captcha_core.tracking.names import Tag

NAME = "captcha-tiny"


@dataclass(frozen=True)
class Running:
    """A running server."""

    process: "subprocess.Popen[str]"
    url: str
    log: list[str]
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30))

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.client.get(f"{self.url}{path}", **options)

    def solve(self, media: bytes, **options: Any) -> httpx.Response:
        return self.client.post(f"{self.url}/solve", content=media, **options)

    def ready(self) -> dict[str, Any]:
        body: dict[str, Any] = self.get("/health/ready").json()
        return body

    def rss_mb(self) -> float:
        return float(psutil.Process(self.process.pid).memory_info().rss) / 2**20

    def stop(self) -> None:
        """Ask the server to end, and wait until it has."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


def command(*arguments: str, prefix: Sequence[str] = ("-m", "experiments.cli")) -> list[str]:
    return [sys.executable, *prefix, "serve", *arguments]


@contextmanager
def running(*arguments: str, prefix: Sequence[str] = ("-m", "experiments.cli")) -> Iterator[Running]:
    """Start a server on a free port with further arguments, and stop it at the end."""
    root = str(Path(__file__).parent.parent.parent)
    environment = {**os.environ, "PYTHONPATH": root}
    process = subprocess.Popen(
        command("--port", "0", *arguments, prefix=prefix), stderr=subprocess.PIPE, text=True, env=environment, bufsize=1
    )
    log: list[str] = []
    assert process.stderr is not None
    for line in process.stderr:
        log.append(line)
        if line.startswith("serving "):
            break
    else:
        raise AssertionError(f"the server ended with {process.wait()}: {''.join(log)}")
    reader = threading.Thread(target=log.extend, args=(process.stderr,), daemon=True)
    reader.start()
    server = Running(process, line.partition(" (see ")[0].rpartition(" on ")[2], log)
    try:
        until(lambda: _answers(server))
        yield server
    finally:
        server.stop()
        reader.join(5)


def _answers(server: Running) -> bool:
    try:
        return server.get("/health/live").status_code == 200
    except httpx.TransportError:
        return False


def until(condition: Callable[[], Any], within_s: float = 30) -> None:
    """Wait until a condition holds."""
    ends = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < ends, "waited in vain"
        time.sleep(0.02)


def register(folder: Path, bundle: Path, alias: str = "champion") -> tuple[str, Path]:
    """Register a copy of a bundle in the folder's own MLflow database; return the version and the copy."""
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    client = MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
    with suppress(MlflowException):  # there already
        client.create_registered_model(NAME)
    number = len(list(folder.glob("model-*"))) + 1
    copy = folder / f"model-{number}" / "data" / "bundle"
    shutil.copytree(bundle, copy)
    source = str(folder / f"model-{number}")
    version = client.create_model_version(NAME, source, tags={Tag.BUNDLE_SHA256: Bundle.open(copy).digest})
    client.set_registered_model_alias(NAME, alias, version.version)
    return str(version.version), copy
