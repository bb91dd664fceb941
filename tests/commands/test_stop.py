"""SIGTERM, which service managers and containers send, ends a command as Ctrl-C does."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from captcha_core.temporary import PREFIX

ROOT = Path(__file__).parent.parent.parent
LATER_S = 240.0  # a machine that is busy with other things compiles for minutes


def begun(folder: Path, arguments: Sequence[str]) -> "subprocess.Popen[bytes]":
    """Start a command in a folder, with its temporary files there, too."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder / "tmp")}
    environment["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder}/mlflow.db"
    (folder / "tmp").mkdir()
    program = [sys.executable, "-m", "experiments.cli", *arguments]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(program, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)


def stopped(process: "subprocess.Popen[bytes]", folder: Path, runs: Callable[[str], bool]) -> tuple[int, str]:
    """Wait until a command says or does something, end it, and return its exit code and what it said."""
    log, ends = folder / "log", time.monotonic() + LATER_S
    try:
        while not runs(log.read_text(encoding="utf-8")):
            assert process.poll() is None and time.monotonic() < ends, log.read_text(encoding="utf-8")
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        return process.wait(30), log.read_text(encoding="utf-8")
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def url_in(said: str) -> str:
    found = re.search(r"http://127\.0\.0\.1:\d+", said)
    return found[0] if found else ""


def answers(said: str) -> bool:
    try:
        return bool(url_in(said)) and urllib.request.urlopen(url_in(said), timeout=5).status == 200
    except OSError:
        return False


@pytest.mark.parametrize(
    ("arguments", "runs"),
    [
        (["generate", "--scheme", "digits4", "--count", "100000", "--seed", "1", "--out", "d", "--workers", "2"], None),
        (["dashboard", "--port", "0"], answers),
    ],
    ids=["generate", "dashboard"],
)
def test_it_ends_as_by_ctrl_c(tmp_path: Path, arguments: list[str], runs: Callable[[str], bool] | None) -> None:
    process = begun(tmp_path, arguments)
    code, said = stopped(process, tmp_path, runs or (lambda _: any(tmp_path.glob("d/*"))))
    assert (code, said.splitlines()[-1]) == (130, "stopped."), said
    assert "Traceback" not in said
    assert not [*(tmp_path / "tmp").glob(f"{PREFIX}*")]
