"""The API under load, by wrk: beside a bare FastAPI route and beside a route that predicts inside an async function."""

import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

SCRIPT = """\
local file = io.open(os.getenv("BODY"), "rb")
wrk.body, wrk.method = file:read("*a"), "POST"
"""
BARE = """\
from fastapi import FastAPI
app = FastAPI()
@app.post("/solve")
async def solve():
    return "1234"
"""
BLOCKING = """\
from fastapi import FastAPI, Request
from captcha_core.models.decode import read
from captcha_core.registry.handout import load_keras
from captcha_core.solver import Solver
app, solver = FastAPI(), Solver.load({model!r})
network = load_keras(solver.bundle)
@app.post("/solve")
async def solve(request: Request):
    logits = network.predict(solver.features(await request.body())[None], verbose=0)
    return read(solver.bundle.config.head, logits, solver.spec)[0]
"""


def run(
    model: str,
    file: str,
    seconds: int = 10,
    connections: Sequence[int] = (1, 16, 64),
    overload: int = 384,
    soak_minutes: float = 0.0,
    port: int = 8765,
) -> dict[str, Any]:
    """Load three servers one after another with the media of ``file``; ``soak_minutes`` keeps ours under load longer.

    Needs ``wrk`` on the path.
    """
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "bare.py").write_text(BARE)
        (Path(folder) / "blocking.py").write_text(BLOCKING.format(model=model))
        (Path(folder) / "post.lua").write_text(SCRIPT)
        script = str(Path(folder) / "post.lua")
        uvicorn = [sys.executable, "-m", "uvicorn", "--app-dir", folder, "--port", str(port), "--log-level", "error"]
        ours = [sys.executable, "-m", "experiments.cli", "serve", "--model", model, "--port", str(port)]
        for name, command in (("bare", [*uvicorn, "bare:app"]), ("blocking", [*uvicorn, "blocking:app"])):
            with _server(command, port, "/openapi.json"):
                rows += [{"name": name, **_load(script, file, port, count, seconds)} for count in connections]
        with _server(ours, port, "/health/ready") as (process, ready_s):
            rows += [{"name": "captchalab", **_load(script, file, port, count, seconds)} for count in connections]
            before = _rss_mb(process)
            rows.append({"name": "captchalab, overload", **_load(script, file, port, overload, seconds)})
            after = _rss_mb(process)
            if soak_minutes:
                rows.append({"name": "captchalab, soak", **_load(script, file, port, 16, int(soak_minutes * 60))})
            memory = {"before_mb": before, "after_overload_mb": after, "end_mb": _rss_mb(process)}
    return {"suite": "serving", "model": model, "ready_s": ready_s, "memory": memory, "rows": rows}


@contextmanager
def _server(command: list[str], port: int, path: str) -> Iterator[tuple["subprocess.Popen[bytes]", float]]:
    """Start a server, wait until it answers, and yield it with the seconds that took."""
    began = time.monotonic()
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)  # noqa: S603  our own commands
    try:
        while not _answers(f"http://127.0.0.1:{port}{path}"):
            if process.poll() is not None or time.monotonic() - began > 120:
                raise RuntimeError(f"expected a server from {command[2:]}, received none within two minutes")
            time.sleep(0.02)
        yield process, time.monotonic() - began
    finally:
        process.terminate()
        process.wait(30)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  our own server
            return bool(answer.status == 200)
    except OSError:
        return False


def _rss_mb(process: "subprocess.Popen[bytes]") -> float:
    return float(psutil.Process(process.pid).memory_info().rss) / 2**20


def _load(script: str, file: str, port: int, connections: int, seconds: int) -> dict[str, Any]:
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "10s", "-s", script]
    done = subprocess.run(  # noqa: S603
        [*command, f"http://127.0.0.1:{port}/solve"],
        env={**os.environ, "BODY": file},
        capture_output=True,
        text=True,
        check=True,
    )
    return {"connections": connections, **parse(done.stdout)}


def parse(text: str) -> dict[str, float]:
    """Return rate, latencies and the count of answers that were not 2xx from what wrk prints."""
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    other = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    if rate is None:
        raise ValueError(f"expected the output of wrk, received {text[:200]!r}")
    return {
        "requests_a_second": float(rate[1]),
        **{f"p{share}_ms": _ms(text, share) for share in (50, 99)},
        "not_2xx": float(other[1]) if other else 0.0,
    }


def _ms(text: str, share: int) -> float:
    found = re.search(rf"\s{share}%\s+([\d.]+)(us|ms|s|m)\b", text)
    if found is None:
        raise ValueError(f"expected a latency at {share} % in the output of wrk, received none")
    return float(found[1]) * {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}[found[2]]
