"""A tracking server that goes away in the middle of a search."""

import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from tests.workflows.searches import draw, parent_of, states, trials_of, tune

AWAY_S = 60


def serve(folder: Path, port: int) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(
        [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{folder}/server.db",
         "--artifacts-destination", str(folder / "store"), "--port", str(port), "--workers", "1"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    until = time.monotonic() + 120
    while time.monotonic() < until:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health", timeout=2).status_code == 200:
                return process
        except httpx.HTTPError:
            time.sleep(0.3)
    raise AssertionError("the server did not start")


@pytest.mark.long
def test_a_minute_without_the_server_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from captcha_core.tracking.connect import client

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/local.db")
    draw(tmp_path)
    server = [serve(tmp_path, port)]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{port}")
    done_while_away = []

    def outage() -> None:
        while not any(tmp_path.glob("runs/search-away/trials/*/result.json")):
            time.sleep(0.1)
        server[0].kill()
        server[0].wait()
        before = len(list(tmp_path.glob("runs/search-away/trials/*/result.json")))
        time.sleep(AWAY_S)
        done_while_away.append(len(list(tmp_path.glob("runs/search-away/trials/*/result.json"))) - before)
        server[0] = serve(tmp_path, port)

    thread = threading.Thread(target=outage, daemon=True)
    thread.start()
    try:
        assert tune("--name", "away", "--tuner", "random", "--trials", "6", "--epochs", "4") == 0
        thread.join()
        assert done_while_away[0] > 0, "trials went on while the server was away"
        assert states("away") == ["FINISHED"] * 6
        assert parent_of("away").info.status == "FINISHED"
        for run in trials_of("away"):
            history = client().get_metric_history(run.info.run_id, "val_exact_match")
            assert [one.step for one in history] == [0, 1, 2, 3], "every metric, in order, once"
    finally:
        server[0].kill()
        server[0].wait()
