"""The answer form of the demo site: what a real site does with a captcha after it was shown.

A captcha dies with its last try or when it is accepted, so no answer can be sent twice; answers are counted a minute.
"""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from captcha_core.errors import SpecError
from captcha_core.spec.captcha import CaptchaSpec

OPEN = 10_000  # captchas that wait for an answer; the oldest go first
MINUTE_S = 60.0


@dataclass
class AnswerForm:
    """Captchas that wait for an answer.

    Args:
        spec: Answers are compared as its alphabet writes them.
        tries: Answers that each captcha takes.
        per_minute: Answers that are taken in any minute; 0 for as many as come.
        clock: Seconds; tests give one of their own.
    """

    spec: CaptchaSpec
    tries: int = 1
    per_minute: int = 0
    clock: Callable[[], float] = time.monotonic
    _waiting: OrderedDict[str, tuple[str, int]] = field(default_factory=OrderedDict)
    _taken: deque[float] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def show(self, name: str, text: str) -> None:
        """Remember a captcha that was drawn under a name, in place of an older one of this name."""
        with self._lock:
            self._waiting[name] = (text, self.tries)
            while len(self._waiting) > OPEN:
                self._waiting.popitem(last=False)

    def judge(self, name: str, answer: str) -> str:
        """Return ``accepted``, ``refused``, ``gone`` (answered before, or never shown) or ``wait``."""
        with self._lock:
            now_s = self.clock()
            while self._taken and now_s - self._taken[0] >= MINUTE_S:
                self._taken.popleft()
            if self.per_minute and len(self._taken) >= self.per_minute:
                return "wait"
            self._taken.append(now_s)
            text, left = self._waiting.pop(name, ("", 0))
            if not left:
                return "gone"
            if self._normalised(answer) == self._normalised(text):
                return "accepted"
            if left > 1:
                self._waiting[name] = (text, left - 1)
            return "refused"

    def _normalised(self, text: str) -> str:
        try:
            return self.spec.charset.normalise(text.strip())
        except SpecError:
            return f"\0{text}"
