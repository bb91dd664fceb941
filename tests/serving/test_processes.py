"""The process that looks after several others."""

import os
import signal
import socket
import time
from collections.abc import Callable
from multiprocessing.context import SpawnProcess
from typing import Any

import pytest

from captcha_core.serving.processes import ServerProcesses


def sleep(listener: socket.socket, shared: Any, ready: Callable[[], None]) -> None:
    ready()
    time.sleep(60)


@pytest.mark.timeout(40)
def test_a_stop_while_a_process_starts_ends_that_too(monkeypatch: pytest.MonkeyPatch) -> None:
    started, start = [], SpawnProcess.start

    def interrupted(process: SpawnProcess) -> None:
        start(process)
        started.append(process)
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(SpawnProcess, "start", interrupted)
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(KeyboardInterrupt):
        ServerProcesses(2, sleep, listener, None).run(lambda: pytest.fail("it was stopped before"))
    assert [process.exitcode for process in started] == [-signal.SIGTERM]
