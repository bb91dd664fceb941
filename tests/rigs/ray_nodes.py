"""A Ray cluster of several nodes on this machine, one of which can be killed like a machine that loses its power."""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from experiments.tools.processes import CommandFailed, Process, environment, free_port

START_S = 120.0
STORE_BYTES = 128 * 2**20
HEAD_IP, SECOND_IP = "127.0.0.2", "127.0.0.3"  # two addresses, so that the driver is at home on the first


class RayNodes:
    """A head node, and a second one that can come and go, each with a processor."""

    def __init__(self) -> None:
        home = os.environ.get("RAY_TMPDIR")  # not in the command's own temporary folder: paths of sockets must be short
        self.folder = Path(tempfile.mkdtemp(prefix="ray-", dir=home))
        self.port, self.token = free_port(HEAD_IP), secrets.token_hex(32)
        self._nodes: dict[str, Process] = {}

    @property
    def variables(self) -> dict[str, str]:
        """What every process of the cluster needs, and everybody who asks it: the same token."""
        return {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": self.token}

    @property
    def address(self) -> str:
        """The head's address, for ``--cluster``."""
        return f"{HEAD_IP}:{self.port}"

    def __enter__(self) -> "RayNodes":
        self._start(HEAD_IP, ["--head", "--port", str(self.port), "--include-dashboard", "false"])
        return self

    def __exit__(self, *_: object) -> None:
        for ip in list(self._nodes):
            self._kill(ip)
        shutil.rmtree(self.folder, ignore_errors=True)

    def add_second(self) -> None:
        """Start the second node, unless it is there."""
        if SECOND_IP not in self._nodes:
            self._start(SECOND_IP, ["--address", self.address])

    def kill_second(self) -> int:
        """Kill every process of the second node at once, and return how many of them were at a task."""
        return self._kill(SECOND_IP)

    def remove_second(self) -> None:
        """Have one node alone."""
        if SECOND_IP in self._nodes:
            self._kill(SECOND_IP)

    def second_is_busy(self) -> bool:
        """Tell whether a process of the second node is at a task."""
        return any(_at_work(one) for one in self._family(SECOND_IP))

    def _family(self, ip: str) -> list[psutil.Process]:
        try:
            own = psutil.Process(self._nodes[ip].pid)
            return [own, *own.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def _start(self, ip: str, words: list[str]) -> None:
        command = [
            str(Path(sys.executable).with_name("ray")), "start", *words, "--node-ip-address", ip, "--block",
            "--num-cpus", "1", "--object-store-memory", str(STORE_BYTES), "--disable-usage-stats",
        ]  # fmt: skip
        if "--head" in words:
            command += ["--temp-dir", str(self.folder)]
        with (self.folder / f"{ip}.log").open("ab") as log:
            self._nodes[ip] = subprocess.Popen(
                command,
                env=environment(self.folder, self.variables),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._await(ip)

    def _await(self, ip: str) -> None:
        """Wait until the node says that it runs."""
        log, ends = self.folder / f"{ip}.log", time.monotonic() + START_S
        while "Ray runtime started." not in log.read_text(errors="replace", encoding="utf-8"):
            if time.monotonic() > ends or self._nodes[ip].poll() is not None:
                last = log.read_text(errors="replace", encoding="utf-8").strip().splitlines()[-1:]
                raise CommandFailed(f"expected a Ray node at {ip}, received: {' '.join(last)}")
            time.sleep(0.2)

    def _kill(self, ip: str) -> int:
        family = self._family(ip)
        busy = sum(_at_work(one) for one in family)
        for one in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.send_signal(signal.SIGKILL)
        self._nodes.pop(ip).wait()
        psutil.wait_procs(family, 10)
        return busy


def _at_work(process: psutil.Process) -> bool:
    """Tell by Ray's name for it whether a worker has a task."""
    try:
        name = " ".join(process.cmdline())
    except psutil.Error:
        return False
    return name.startswith("ray::") and "IDLE" not in name
