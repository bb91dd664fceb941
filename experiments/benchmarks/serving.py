"""The API under load, by wrk: beside a bare FastAPI route and beside a route that predicts inside an async function."""

import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from captcha_core.registry.versions import locate
from experiments.tools.processes import Process, command_line, memory_mib, serving

SCRIPT = """\
local file = io.open(os.getenv("BODY"), "rb")
wrk.body, wrk.method = file:read("*a"), "POST"
"""
COUNTER = r'captchalab_requests_total\{route="/solve",status="(\d+)"\} ([\d.e+]+)'
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
        overload: Connections of the overload: far more than may wait.
        soak_minutes: How long ours is kept under load at the end.
    """
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        load = Load(url, folder, Path(file).resolve())
        bundle = str(locate(model).path.resolve())
        (folder / "bare.py").write_text(BARE, encoding="utf-8")
        (folder / "blocking.py").write_text(BLOCKING.format(model=bundle), encoding="utf-8")
        rows = []
        for name in ("bare", "blocking"):
            words = ["-m", "uvicorn", "--app-dir", place, "--port", str(port), "--log-level", "error", f"{name}:app"]
            with serving([sys.executable, *words], f"{url}/openapi.json", folder):
                rows += [{"name": name, **load.run(count, seconds)} for count in connections]
        ours = command_line("serve", "--model", bundle, "--port", str(port), "--processes")
        for count in dict.fromkeys((1, processes or os.cpu_count() or 1)):
            name = f"captchalab, {count} process{'es' if count > 1 else ''}"
            with serving([*ours, str(count)], f"{url}/health/ready", folder) as (process, ready_s):
                rows += [{"name": name, **load.run(many, seconds)} for many in connections]
                rows.append({"name": f"{name}, overload", "ready_s": ready_s, **load.over(process, overload, seconds)})
        if soak_minutes:
            with serving([*ours, str(count)], f"{url}/health/ready", folder) as (process, _):
                rows.append({"name": f"{name}, soak", **load.soak(process, soak_minutes)})
    return {"suite": "serving", "model": model, "rows": rows}


class Load:
    """What is asked of a server, by wrk."""

    def __init__(self, url: str, folder: Path, file: Path) -> None:
        self.url, self.file, self.script = url, file, folder / "post.lua"
        self.script.write_text(SCRIPT, encoding="utf-8")

    def run(self, connections: int, seconds: int) -> dict[str, Any]:
        """Ask over so many connections at once, and return what wrk counts."""
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "10s"]
        done = subprocess.run(  # noqa: S603
            [*command, "-s", str(self.script), f"{self.url}/solve"], env={**os.environ, "BODY": str(self.file)},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return {"connections": connections, **parse(done.stdout)}

    def over(self, process: Process, connections: int, seconds: int) -> dict[str, Any]:
        """Ask more than can wait, then look how soon an answer is as quick as usual, and at the memory."""
        before = memory_mib(process.pid)
        row = self.run(connections, seconds)
        recovery = {"recovery_s": self._recovery_s(), "answers": self._answers_by_status()}
        memory = {"after_load_mb": before, "after_overload_mb": memory_mib(process.pid)}
        return {**row, **recovery, "memory": memory}

    def soak(self, process: Process, minutes: float) -> dict[str, Any]:
        """Ask for a tenth of the time, then ten times as long; the growth is that of the second part."""
        self.run(16, max(1, int(6 * minutes)))
        before_mb = memory_mib(process.pid)
        row = self.run(16, max(1, int(60 * minutes)))
        after_mb = memory_mib(process.pid)
        return {**row, "before_mb": before_mb, "after_mb": after_mb, "growth": after_mb / before_mb - 1}

    def _recovery_s(self, usual_s: float = 0.1) -> float:
        began, media = time.monotonic(), self.file.read_bytes()
        while True:
            asked = time.monotonic()
            request = urllib.request.Request(f"{self.url}/solve", media, {"Content-Type": "image/png"})  # noqa: S310
            with suppress(OSError), urllib.request.urlopen(request, timeout=10):  # noqa: S310  our own server
                if time.monotonic() - asked < usual_s:
                    return time.monotonic() - began

    def _answers_by_status(self) -> dict[str, int]:
        """Return how many answers of each status ``/solve`` has given, as the server counts."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=10) as answer:  # noqa: S310  our own server
            found = re.findall(COUNTER, answer.read().decode())
        return {status: int(float(count)) for status, count in found}


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
