"""A program that draws captchas, asked and answered in lines of JSON.

The protocol:

1. The program is started once. It reads requests from stdin, a line each, and writes an answer to each on stdout, in
   their order. What it writes to stderr is shown when it fails.
2. A request is ``{"seed": 7, "index": 0}``, two whole numbers of 0 or more.
3. An answer is ``{"text": "a3F9", "media": "iVBORw0..."}``: the text that is to be read, and a picture or clip in
   base64. ``{"error": "..."}`` says in one sentence why there is none.
4. A program that draws the same for the same seed and index can be asked again: data sets are then the same, too. One
   that cannot leaves both numbers aside.
5. Several requests may wait: answer each as it comes, and flush. At the end of stdin the program ends.
"""

import atexit
import base64
import binascii
import contextlib
import json
import os
import selectors
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from captcha_core.errors import DataError, short
from captcha_core.media.sniff import MAX_IMAGE_BYTES, kind_of
from captcha_core.spec.captcha import MAX_LENGTH

FIRST_ANSWER_S = 60.0  # what is imported takes its time
WAITING = 16  # requests that are sent ahead: few enough for a pipe to hold them
MAX_LINE_BYTES = 2 * MAX_IMAGE_BYTES
MAX_LOG_BYTES = 2**20
POLL_S = 0.25
KEPT = (  # of the environment: no password of ours is a generator's business
    "PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TEMP", "PYTHONPATH", "NODE_PATH", "SYSTEMROOT", "OMP_NUM_THREADS",
)  # fmt: skip


@dataclass(frozen=True)
class Drawn:
    """One captcha of a program."""

    text: str
    media: bytes


class Program:
    """A running program. One thread at a time asks it; the others wait.

    Args:
        command: The program and its arguments.
        seconds: Longest time that an answer may take.
        memory_mb: Most memory that it and its children may use together.

    Raises:
        DataError: If it cannot be started; from :meth:`ask`, if it ends, hangs, takes too much or answers with
            something else. It is then ended.
    """

    def __init__(self, command: Sequence[str], seconds: float, memory_mb: int) -> None:
        self.name, self._seconds, self._memory_mb = Path(command[0]).name, seconds, memory_mb
        self._lock, self._buffer, self._fresh = threading.Lock(), bytearray(), True
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  as long as the program
        environment = {name: os.environ[name] for name in KEPT if name in os.environ}
        try:
            self._process = subprocess.Popen(  # noqa: S603  what the user names
                list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, env=environment,
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise DataError(
                f"expected a program that can be started, received {shlex.join(command)} ({error.strerror}); correct "
                "the command."
            ) from None
        atexit.register(self.close)

    def ask(self, seed: int, indices: Sequence[int]) -> list[Drawn]:
        """Return a captcha for each index."""
        with self._lock:
            try:
                return self._asked(seed, deque(indices))
            except BaseException:
                self.close()
                raise

    @property
    def closed(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    def close(self) -> None:
        """End it, with all processes that it has started."""
        with contextlib.suppress(ProcessLookupError, PermissionError, AttributeError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        atexit.unregister(self.close)

    def _asked(self, seed: int, rest: deque[int]) -> list[Drawn]:
        waiting: deque[int] = deque()
        found = []
        while rest or waiting:
            while rest and len(waiting) < WAITING:
                waiting.append(rest.popleft())
                self._send({"seed": seed, "index": waiting[-1]})
            found.append(self._drawn(self._line(), waiting.popleft()))
        return found

    def _send(self, request: dict[str, int]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            raise self._ended() from None

    def _line(self) -> bytes:
        """Return the next line of its answers, within the limits of time and memory."""
        allowed_s = max(self._seconds, FIRST_ANSWER_S) if self._fresh else self._seconds
        ends_at = time.monotonic() + allowed_s
        while b"\n" not in self._buffer:
            if time.monotonic() > ends_at:
                raise self._fault(f"an answer within {allowed_s:g} s", "none", "make it faster, or allow more time")
            if len(self._buffer) > MAX_LINE_BYTES:
                raise self._fault(
                    f"a line of at most {MAX_LINE_BYTES:,} bytes", "a longer one", "draw smaller captchas"
                )
            self._receive()
        line, _, rest = bytes(self._buffer).partition(b"\n")
        self._buffer, self._fresh = bytearray(rest), False
        return line

    def _receive(self) -> None:
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            ready = selector.select(POLL_S)
        if ready:
            content = os.read(self._process.stdout.fileno(), 2**16)
            if not content:
                raise self._ended()
            self._buffer += content
            return
        self._check_memory()
        if os.fstat(self._log.fileno()).st_size > MAX_LOG_BYTES:
            os.ftruncate(self._log.fileno(), 0)

    def _check_memory(self) -> None:
        used_mb = _memory_mb(self._process.pid)
        if used_mb > self._memory_mb:
            raise self._fault(
                f"at most {self._memory_mb:,} MB of memory to be used", f"{used_mb:,.0f} MB", "give it more, or mend it"
            )

    def _drawn(self, line: bytes, index: int) -> Drawn:
        try:
            answer = json.loads(line)
            text, media = answer.get("text"), answer.get("media")
        except (ValueError, AttributeError, RecursionError):
            raise self._fault('a line {"text": ..., "media": ...}', short(line), "see the protocol") from None
        if "error" in answer:
            raise self._fault(f"captcha {index}", f"its error {short(answer['error'], 300)}", "correct the program")
        if not isinstance(text, str) or not 0 < len(text) <= MAX_LENGTH:
            raise self._fault(f"a text of 1 to {MAX_LENGTH} characters", short(text), "correct the program")
        return Drawn(text, self._media(media))

    def _media(self, encoded: Any) -> bytes:
        try:
            media = base64.b64decode(encoded, validate=True)
            kind_of(media)
        except (binascii.Error, ValueError, TypeError):
            raise self._fault("media in base64", short(encoded), "encode the bytes of the file") from None
        except DataError as error:
            raise self._fault("a picture or clip", "another file", f"see: {error}") from None
        return media

    def _ended(self) -> DataError:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(2)
        code = self._process.poll()
        how = (
            "the end of its output"
            if code is None
            else f"its end by signal {-code}"
            if code < 0
            else f"its end ({code})"
        )
        return self._fault("an answer", how, "correct the program")

    def _fault(self, expected: str, received: str, advice: str) -> DataError:
        said = self._last_words()
        return DataError(
            f"expected {expected} of the program {self.name}, received {received}{said and f'; it said: {said}'}; "
            f"{advice}."
        )

    def _last_words(self) -> str:
        """Return the last line that it wrote to stderr."""
        size = os.fstat(self._log.fileno()).st_size
        lines = os.pread(self._log.fileno(), 4096, max(0, size - 4096)).decode(errors="replace").strip().splitlines()
        return lines[-1].strip()[:300].rstrip(".") if lines else ""


def _memory_mb(pid: int) -> float:
    """Return the memory of a process and of all that it has started, 0 where nobody knows."""
    import psutil

    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        return float(sum(one.memory_info().rss for one in [process, *process.children(recursive=True)])) / 2**20
    return 0.0


def python_command(function: str, interpreter: str = "", settings: dict[str, Any] | None = None) -> list[str]:
    """Return the command that answers with a Python function, ``MODULE:FUNCTION`` or ``FILE.py:FUNCTION``.

    Args:
        function: Called with the seed, and with the index where it takes two arguments, or with none; it returns the
            text and the picture or clip as bytes, path, or what has a ``save`` as PIL's pictures have.
        interpreter: Python to run it with; by default this one.
        settings: Further keyword arguments of the function.

    Raises:
        DataError: If it is not named so.
    """
    module, colon, name = function.rpartition(":")
    if not colon or not module or not name.isidentifier():
        raise DataError(
            f"expected MODULE:FUNCTION or FILE.py:FUNCTION, received {function!r}; name the function that draws."
        )
    host = Path(__file__).with_name("host.py")
    return [interpreter or sys.executable, str(host), module, name, json.dumps(settings or {})]
