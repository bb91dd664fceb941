"""A tracking server on loopback that can be taken away: stopped, or replaced by one that fails, hangs or is full."""

import os
import resource
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from experiments.faults.commands import Refused, environment

UP_S = 180.0
FAILING = """
import sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        if sys.argv[2] == "hang":
            time.sleep(3600)
        self.send_response(500)
        self.end_headers()
        self.wfile.write(b"no")
    do_POST = do_PATCH = do_PUT = do_DELETE = do_GET
    def log_message(self, *_): pass
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""


class TrackingServer:
    """``mlflow server`` on a port of its own, its database and files in a folder.

    Args:
        folder: Where it keeps them.
        database: SQLAlchemy address of another database; empty for SQLite in the folder.
    """

    def __init__(self, folder: Path, database: str = "") -> None:
        self.folder, self.port = folder, _free_port()
        self.database = database or f"sqlite:///{folder}/server.db"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, max_file_bytes: int | None = None) -> None:
        """Start the server; with a limit it can write no file beyond that size, as if the disk were full."""

        def limit() -> None:
            if max_file_bytes is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (max_file_bytes, max_file_bytes))

        command = [sys.executable, "-m", "mlflow", "server", "--port", str(self.port), "--workers", "1"]
        store = ["--backend-store-uri", self.database, "--artifacts-destination", str(self.folder / "store")]
        self._begin([*command, *store], "/health", limit)

    def fail(self, how: str) -> None:
        """Put a server in its place that answers 500 (``error``), never answers (``hang``) or cannot write (``full``).

        ``stopped`` leaves nobody there.
        """
        self.stop()
        if how in ("error", "hang"):
            self._begin([sys.executable, "-c", FAILING, str(self.port), how], "", lambda: None)
        elif how == "full":
            self.start((self.folder / "server.db").stat().st_size)

    def stop(self) -> None:
        """Kill whoever listens."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def _begin(self, command: list[str], path: str, limit: Callable[[], None]) -> None:
        own = self.folder / "server-tmp"  # MLflow leaves locks there
        own.mkdir(exist_ok=True)
        self.process = subprocess.Popen(  # noqa: S603  our own servers
            command, cwd=self.folder, env=environment(self.folder, {"TMPDIR": str(own)}), stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True, preexec_fn=limit,
        )  # fmt: skip
        until = time.monotonic() + UP_S
        while not self._is_up(path):
            if self.process.poll() is not None or time.monotonic() > until:
                raise Refused(f"expected a server from {' '.join(command[:4])}, received none")
            time.sleep(0.1)

    def _is_up(self, path: str) -> bool:
        try:
            if not path:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return True
            with urllib.request.urlopen(f"{self.uri}{path}", timeout=2) as answer:  # noqa: S310  our own server
                return bool(answer.status == 200)
        except OSError:
            return False


@contextmanager
def tracking_server(folder: Path, database: str = "") -> Iterator[TrackingServer]:
    """Run a tracking server."""
    server = TrackingServer(folder, database)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
