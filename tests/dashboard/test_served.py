"""The dashboard that tests and benchmarks start ends with them, even when they are killed."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from experiments.tools.browser import served

PROGRAM = """
import sys, time
from pathlib import Path
from experiments.tools.browser import served
folder = Path(sys.argv[1])
with served(folder, f"sqlite:///{folder}/mlflow.db") as (_, pid):
    print(pid, flush=True)
    time.sleep(300)
"""


def wait_until_gone(pid: int, seconds: float = 20) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.1)
    return False


def test_it_ends_with_the_block(tmp_path: Path) -> None:
    with served(tmp_path, f"sqlite:///{tmp_path}/mlflow.db") as (address, pid):
        assert psutil.pid_exists(pid) and address.startswith("http://127.0.0.1:")
    assert not psutil.pid_exists(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing can be done against a kill")
def test_it_ends_with_a_process_that_is_killed(tmp_path: Path) -> None:
    owner = subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    pid = int(owner.stdout.readline())
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    assert wait_until_gone(pid)
