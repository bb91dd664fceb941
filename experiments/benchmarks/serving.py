"""The API under load, by wrk: beside a bare FastAPI route and beside a route that predicts inside an async function."""

import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
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
from captcha_core.bundle.export import load_keras
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
    overload: int = 1536,
    soak_minutes: float = 0.0,
    processes: int = 0,
    port: int = 8765,
) -> dict[str, Any]:
    """Load three servers one after another with the media of ``file``. Needs ``wrk`` on the path.

    Args:
        model: What our server and the one that predicts in an async function answer with.
        file: Sent with every request.
        seconds: Of each load.
        connections: Open at once.
        overload: Connections of the overload: far more than may wait.
        soak_minutes: How long ours is kept under load at the end.
        processes: Of our server; 0 for one a processor.
        port: All listen there.
    """
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "bare.py").write_text(BARE, encoding="utf-8")
        (Path(folder) / "blocking.py").write_text(BLOCKING.format(model=model), encoding="utf-8")
        (Path(folder) / "post.lua").write_text(SCRIPT, encoding="utf-8")
        script = str(Path(folder) / "post.lua")
        uvicorn = [sys.executable, "-m", "uvicorn", "--app-dir", folder, "--port", str(port), "--log-level", "error"]
        ours = [sys.executable, "-m", "experiments.cli", "serve", "--model", model, "--port", str(port)]
        for name, command in (("bare", [*uvicorn, "bare:app"]), ("blocking", [*uvicorn, "blocking:app"])):
            with _server(command, port, "/openapi.json"):
                rows += [{"name": name, **_load(script, file, port, count, seconds)} for count in connections]
        for count in dict.fromkeys((1, processes or os.cpu_count() or 1)):
            name = f"captchalab, {count} process{'es' if count > 1 else ''}"
            with _server([*ours, "--processes", str(count)], port, "/health/ready") as (process, ready_s):
                rows += [{"name": name, **_load(script, file, port, many, seconds)} for many in connections]
                memory = {"after_load_mb": _rss_mb(process)}
                rows.append({"name": f"{name}, overload", **_load(script, file, port, overload, seconds)})
                recovery = {"recovery_s": _recovery_s(file, port), "answers": _answers_by_status(port)}
                memory["after_overload_mb"] = _rss_mb(process)
                rows[-1] |= {**recovery, "ready_s": ready_s, "memory": memory}
        if soak_minutes:
            with _server([*ours, "--processes", str(count)], port, "/health/ready") as (process, _):
                rows.append({"name": f"{name}, soak", **_soak(process, script, file, port, soak_minutes)})
    return {"suite": "serving", "model": model, "rows": rows}


def _soak(process: "subprocess.Popen[bytes]", script: str, file: str, port: int, minutes: float) -> dict[str, Any]:
    """Load for a tenth of the time, then ten times as long; the growth is that of the second part."""
    _load(script, file, port, 16, max(1, int(6 * minutes)))
    before_mb = _rss_mb(process)
    row = _load(script, file, port, 16, max(1, int(60 * minutes)))
    after_mb = _rss_mb(process)
    return {**row, "before_mb": before_mb, "after_mb": after_mb, "growth": after_mb / before_mb - 1}


def _recovery_s(file: str, port: int, usual_s: float = 0.1) -> float:
    """Return how long after an overload it takes until a request is answered as quickly as usual."""
    began, media = time.monotonic(), Path(file).read_bytes()
    while True:
        asked = time.monotonic()
        request = urllib.request.Request(f"http://127.0.0.1:{port}/solve", media, {"Content-Type": "image/png"})
        with suppress(OSError), urllib.request.urlopen(request, timeout=10):  # noqa: S310  our own server
            if time.monotonic() - asked < usual_s:
                return time.monotonic() - began


def _answers_by_status(port: int) -> dict[str, int]:
    """Return how many answers of each status ``/solve`` has given, as the server counts."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        found = re.findall(
            r'captchalab_requests_total\{route="/solve",status="(\d+)"\} ([\d.e+]+)', answer.read().decode()
        )
    return {status: int(float(count)) for status, count in found}


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
    """Resident memory of a server with all its processes, in MiB."""
    one = psutil.Process(process.pid)
    return sum(float(each.memory_info().rss) for each in (one, *one.children(recursive=True))) / 2**20


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
