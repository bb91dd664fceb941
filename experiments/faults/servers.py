"""``captchalab serve``, killed under load and started again on the same port."""

import http.client
import json
import random
import socket
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

from experiments.faults.commands import kill, start
from experiments.faults.kills import Victim, check, check_clean, kill_again

ASK_S = 10.0


class Client(threading.Thread):
    """Asks a server for the same captcha without end, and counts what comes."""

    def __init__(self, url: str, media: bytes) -> None:
        super().__init__(daemon=True)
        self.url, self.media = url, media
        self.answers: dict[str, int] = {}
        self.refused = 0
        self.stop = threading.Event()

    def run(self) -> None:
        while not self.stop.is_set():
            try:
                answer = ask(self.url, self.media)
                self.answers[answer] = self.answers.get(answer, 0) + 1
            except OSError:  # nobody there, or gone in the middle
                self.refused += 1
                time.sleep(0.02)


def ask(url: str, media: bytes) -> str:
    """Return the text that a server reads.

    Raises:
        OSError: If there is no whole answer.
    """
    request = urllib.request.Request(f"{url}/solve", media)  # noqa: S310  our own server
    try:
        with urllib.request.urlopen(request, timeout=ASK_S) as answer:  # noqa: S310
            return str(json.loads(answer.read())["text"])
    except (http.client.HTTPException, ValueError) as error:
        raise OSError(str(error)) from error


def killed_server(folder: Path, model: str, media: bytes, text: str, kills: int, seed: int = 0) -> dict[str, Any]:
    """Serve a model, kill that while it is asked, and start it again on the same port.

    Raises:
        Broken: If it does not come back, answers otherwise, or leaves anything behind.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    words = ("serve", "--model", model, "--port", str(port))
    client = Client(url, media)
    client.start()
    ready_s: list[float] = []
    began = [0.0]

    def begin() -> Any:
        began[0] = time.monotonic()
        return start(folder, *words)

    def ready() -> bool:
        if not _ready(url):
            return False
        ready_s.append(time.monotonic() - began[0])
        return True

    def finished(process: Any) -> None:
        check(False, f"a server that comes up (exit code {process.returncode})")

    count = kill_again(Victim(begin, (0.0, 1.0), ready, finished=finished), kills, random.Random(seed))
    last = begin()
    while not _ready(url) and last.poll() is None:
        time.sleep(0.02)
    check(ask(url, media) == text, f"the answer {text}")
    client.stop.set()
    client.join()
    last.terminate()
    last.wait(30)
    kill(last)
    others = {answer for answer in client.answers if answer != text}
    check(not others, f"no answer but {text} (received {others})")
    check_clean(folder)
    return {
        "kills": count.kills,
        "answers": sum(client.answers.values()),
        "wrong_answers": 0,
        "refused_while_away": client.refused,
        "ready_s_median": sorted(ready_s)[len(ready_s) // 2],
        "ready_s_longest": max(ready_s),
    }


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health/ready", timeout=2) as answer:  # noqa: S310  our own server
            return bool(answer.status == 200)
    except OSError:
        return False
