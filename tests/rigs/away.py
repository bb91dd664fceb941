"""The tracking server goes away in the middle of a training and of a search, and comes back.

It is stopped, or replaced by one that answers 500 (``error``), never answers (``hang``) or cannot write (``full``).
"""

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from experiments.tools.processes import Process, free_port, kill, serving, start, stderr_of, wait_for, works
from tests.rigs.kills import check, check_clean
from tests.rigs.small_trainings import NAME, draw, epochs, search, training

FAULTS = ("stopped", "error", "hang", "full")
BEFORE = 2  # epochs before the server goes
TRIALS, EPOCHS = 6, 4
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
    """``mlflow server`` on a port of its own that can be taken away; its database and files are in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder / "server", free_port()
        self.folder.mkdir()
        self.uri = f"http://127.0.0.1:{self.port}"
        self._current = ExitStack()

    def start(self, max_file_bytes: int = resource.RLIM_INFINITY) -> None:
        """Start the server; with a limit it can write no file beyond that size, as if the disk were full."""
        command = [sys.executable, "-m", "mlflow", "server", "--port", str(self.port), "--workers", "1"]
        store = ["--backend-store-uri", f"sqlite:///{self.folder}/server.db", "--artifacts-destination", "store"]
        self._begin([*command, *store], f"{self.uri}/health", max_file_bytes)

    def fail(self, how: str) -> None:
        """Put one of :data:`FAULTS` in the server's place."""
        self.stop()
        if how in ("error", "hang"):
            command = [sys.executable, "-c", FAILING, str(self.port), how]
            self._begin(command, f"tcp://127.0.0.1:{self.port}", resource.RLIM_INFINITY)
        elif how == "full":
            self.start((self.folder / "server.db").stat().st_size)

    def stop(self) -> None:
        """Stop whoever listens."""
        self._current.close()

    def _begin(self, command: list[str], url: str, max_file_bytes: int) -> None:
        def limit() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (max_file_bytes, max_file_bytes))

        process, _ = self._current.enter_context(serving(command, url, self.folder, limits=limit))
        self._current.callback(kill, process)  # at once: a server that ends in peace would still answer


@contextmanager
def tracking_server(folder: Path, more: Mapping[str, str]) -> Iterator[tuple[TrackingServer, dict[str, str]]]:
    """Run a tracking server; yield it and the variables of those who log there."""
    draw(folder)
    server = TrackingServer(folder)
    try:
        server.start()
        yield server, {"MLFLOW_TRACKING_URI": server.uri, **more}
    finally:
        server.stop()


def away_in_training(folder: Path, how: str, away_s: float, more: Mapping[str, str]) -> dict[str, Any]:
    """Take the server away for some seconds of a training that lasts longer than that: every metric arrives once."""
    with tracking_server(folder, more) as (server, variables):
        minutes = str((2 * away_s + 20) / 60)  # a busy machine takes seconds for an epoch
        process = start(folder, *training("--minutes", minutes), more=variables)
        run = _epochs_reach(folder, process, BEFORE)
        found = _away(server, process, how, away_s, lambda: len(_history(run)))
        check(process.returncode == 0, f"a training that goes on ({stderr_of(folder)[-800:]})")
        _check_history(server, run)
        return {**found, "epochs": len(_history(run))}


def away_in_search(folder: Path, how: str, away_s: float, more: Mapping[str, str]) -> dict[str, Any]:
    """Take the server away in the middle of a search: every trial ends, and every metric arrives once."""

    def results() -> int:
        return len(list(folder.glob("runs/search-away/trials/*/result.json")))

    with tracking_server(folder, more) as (server, variables):
        space = [word for pair in ("kernel=3", "depth=3", "width=8") for word in ("--space", pair)]
        process = start(folder, *search("away", TRIALS, EPOCHS, "--tuner", "random", *space), more=variables)
        check(wait_for(process, lambda: results() >= 1), f"a search that runs ({stderr_of(folder)[-800:]})")
        found = _away(server, process, how, away_s, results)
        check(process.returncode == 0, f"a search that goes on ({stderr_of(folder)[-800:]})")
        client = _client(server)
        experiment = client.get_experiment_by_name("captchalab").experiment_id
        runs = client.search_runs([experiment], "tags.`captchalab.kind` = 'trial'")
        check([run.info.status for run in runs] == ["FINISHED"] * TRIALS, f"{TRIALS} trials that are finished")
        for run in runs:
            check(_steps(server, run.info.run_id) == list(range(EPOCHS)), "every epoch of a trial once, in order")
        return {**found, "trials": len(runs)}


def killed_while_away(folder: Path, more: Mapping[str, str], count: int = 12) -> dict[str, Any]:
    """Kill a training while the server is away; repair sends what was waiting on disk, and the training goes on."""
    with tracking_server(folder, more) as (server, variables):
        process = start(folder, *training(*epochs(count)), more=variables)
        run = _epochs_reach(folder, process, BEFORE)
        server.fail("stopped")
        wait_for(process, lambda: len(_history(run)) >= 2 * BEFORE)
        check(kill(process), "a training that still runs")
        reached = len(_history(run))
        server.start()
        works(folder, "doctor", "--repair", more=variables)
        sent = _steps(server, run.name)
        check(sent in (list(range(reached)), list(range(reached - 1))), f"epochs 0 to {reached - 1} ({sent})")
        check(_client(server).get_run(run.name).info.status == "FAILED", "a run that is closed")
        works(folder, "train", "--resume", run.name, more=variables)
        _check_history(server, run)
        check(_steps(server, run.name) == list(range(count)), "every epoch once")
        check_clean(folder)
        return {"epochs_at_the_kill": reached, "sent_by_repair": len(sent)}


def _away(
    server: TrackingServer, process: Process, how: str, away_s: float, done: Callable[[], int]
) -> dict[str, float]:
    """Take the server away and bring it back, wait for the command, and say how much was done meanwhile."""
    before, began = done(), time.monotonic()  # a server that fails takes seconds to start, and is away meanwhile, too
    server.fail(how)
    time.sleep(away_s)
    meanwhile = done() - before
    server.fail("stopped")
    server.start()
    back = time.monotonic()
    process.wait()
    return {"away_s": back - began, "done_meanwhile": meanwhile, "from_its_return_s": time.monotonic() - back}


def _epochs_reach(folder: Path, process: Process, count: int) -> Path:
    """Wait until the checkpoint of the only training holds so many epochs; return its folder."""

    def there() -> bool:
        return any(len(_history(path.parent)) >= count for path in folder.glob("runs/*/plan.json"))

    check(wait_for(process, there), f"a training that runs ({stderr_of(folder)[-800:]})")
    return next(folder.glob("runs/*/plan.json")).parent


def _history(run: Path) -> list[dict[str, float]]:
    for _ in range(100):
        for state in ("last", "last.old"):
            try:
                return list(json.loads((run / state / "progress.json").read_text(encoding="utf-8"))["history"])
            except (OSError, ValueError):  # it is being replaced
                continue
        if not any((run / state).exists() for state in ("last", "last.new", "last.old")):
            return []
        time.sleep(0.01)
    return []


def _check_history(server: TrackingServer, run: Path) -> None:
    """Compare every metric of every epoch with the checkpoint's."""
    client, stored = _client(server), _history(run)
    check(client.get_run(run.name).info.status == "FINISHED", "a finished run")
    for key in ("loss", "val_exact_match", "val_loss", "learning_rate"):
        found = [(one.step, one.value) for one in client.get_metric_history(run.name, key)]
        check(found == [(step, epoch[key]) for step, epoch in enumerate(stored)], f"{key} of each epoch once, in order")
    check(len(client.search_model_versions(f"name='{NAME}'")) == 1, "one registered version")


def _steps(server: TrackingServer, run_id: str) -> list[int]:
    return [one.step for one in _client(server).get_metric_history(run_id, "loss")]


def _client(server: TrackingServer) -> Any:
    from mlflow import MlflowClient

    return MlflowClient(server.uri)
