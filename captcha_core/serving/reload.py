"""Follow moved aliases: a thread that asks the registry every few seconds and loads what has changed."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from captcha_core.errors import CaptchaError, RegistryError
from captcha_core.registry.lookup import RegistryUnreachable
from captcha_core.registry.versions import current_version
from captcha_core.serving.metrics import ServingMetrics
from captcha_core.serving.models import Models, Served

log = logging.getLogger("captchalab.serving")
RETRY_S = 60.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """A version that was not let in, and when."""

    name: str
    version: str
    reason: str
    at_s: float


class Watcher:
    """Keeps the models as their aliases say.

    A version that cannot be loaded never replaces one that serves: it is noted, and tried again after a minute or when
    the alias moves on. While the registry does not answer, everything stays as it is.

    Args:
        models: What to keep up to date.
        poll_s: How often to ask.
        find: From an address to the version it means.
        metrics: Counts exchanges, and shows whether the registry answers.
    """

    def __init__(
        self,
        models: Models,
        poll_s: float = 2.0,
        find: Callable[[str], str | None] = current_version,
        metrics: ServingMetrics | None = None,
    ) -> None:
        self._models, self._poll_s, self._find = models, poll_s, find
        self._metrics = metrics or ServingMetrics()
        self._refused: dict[str, Refusal] = {}
        self._away_since_s: float | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watcher", daemon=True)

    def start(self) -> None:
        """Begin to ask every few seconds."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        self._thread.join(timeout=5)

    def state(self) -> dict[str, Any]:
        """Return the registry's state and what was refused, for ``/health/ready``."""
        away = self._away_since_s
        refused = list(self._refused.values())
        return {
            "registry": {"reachable": away is None, "away_s": None if away is None else time.monotonic() - away},
            "refused": [{"name": one.name, "version": one.version, "reason": one.reason} for one in refused],
        }

    def _watch(self) -> None:
        while not self._stop.wait(self._poll_s):
            self.look()

    def look(self) -> None:
        """Ask once about every model, and exchange what has changed."""
        try:
            for served in self._models.served.values():
                self._follow(served)
        except Exception as error:  # the registry is away, or answers nonsense: neither may end the watch
            self._note_away(error)

    def _follow(self, served: Served) -> None:
        try:
            version = self._find(served.uri)
        except RegistryUnreachable:
            raise
        except RegistryError as error:  # the registry answers and the alias is gone: its last version goes on
            self._note_back()
            self._refuse(served, "", "the alias is gone", error)
            return
        if version is None:
            return
        self._note_back()
        if version == served.model.version:
            self._refused.pop(served.uri, None)
        elif not self._recently_refused(served.uri, version):
            self._exchange(served, version)

    def _exchange(self, served: Served, version: str) -> None:
        try:
            exchanged = self._models.load(served.uri)
        except RegistryUnreachable:
            raise
        except Exception as error:  # whatever is wrong with the new one, the old one goes on
            reason = "it failed its check" if isinstance(error, CaptchaError) else "it could not be loaded"
            self._refuse(served, version, reason, error)
        else:
            self._metrics.exchanges.inc()
            self._refused.pop(served.uri, None)
            log.info("%s now means version %s", served.uri, exchanged.model.version)

    def _recently_refused(self, uri: str, version: str) -> bool:
        refusal = self._refused.get(uri)
        return refusal is not None and refusal.version == version and time.monotonic() - refusal.at_s < RETRY_S

    def _refuse(self, served: Served, version: str, reason: str, error: Exception) -> None:
        before = self._refused.get(served.uri)
        if before is None or before.version != version:
            log.error("%s stays as it is: %s: %s", served.uri, reason, error)
        self._refused[served.uri] = Refusal(served.model.name, version, reason, time.monotonic())

    def _note_away(self, error: Exception) -> None:
        if self._away_since_s is None:
            self._away_since_s = time.monotonic()
            self._metrics.registry_reachable.set(0)
            log.warning("going on with the models that are loaded: %s: %s", type(error).__name__, error)

    def _note_back(self) -> None:
        if self._away_since_s is not None:
            self._away_since_s = None
            self._metrics.registry_reachable.set(1)
            log.info("the registry answers again")
