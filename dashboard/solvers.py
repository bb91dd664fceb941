"""Solvers that all pages share: each loaded once, and exchanged when its alias has moved."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

import streamlit as st

from captcha_core.errors import CaptchaError
from captcha_core.registry.lookup import RegistryUnreachable
from captcha_core.serving.models import example_media
from captcha_core.serving.reload import version_behind
from captcha_core.solver import Solver

MOST = 8
LOOK_EVERY_S = 2.0


@dataclass
class _Place:
    lock: threading.Lock = field(default_factory=threading.Lock)
    solver: Solver | None = None
    looked_s: float = 0.0


def load_warm(uri: str) -> Solver:
    """Load a solver and let it read once: the first time takes longer."""
    loaded = Solver.load(uri)
    loaded.attempt(example_media(loaded.spec))
    return loaded


class Solvers:
    """Solvers by address. A solver holds no picture and no answer, so that everybody can share it.

    Args:
        load: From an address to a solver.
        find: From an address to the version it means now, None for one that always means the same.
    """

    def __init__(
        self, load: Callable[[str], Solver] = load_warm, find: Callable[[str], str | None] = version_behind
    ) -> None:
        self._load, self._find = load, find
        self._places: OrderedDict[str, _Place] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, uri: str) -> Solver:
        """Return the solver of what an address means now; several at once wait for the first to load it.

        Raises:
            CaptchaError: If there is no such model or its bundle is refused.
        """
        with self._lock:
            place = self._places.setdefault(uri, _Place())
            self._places.move_to_end(uri)
            while len(self._places) > MOST:
                self._places.popitem(last=False)
        with place.lock:
            if place.solver is None or self._moved(uri, place):
                place.solver = self._load(uri)
                place.looked_s = time.monotonic()
            return place.solver

    def _moved(self, uri: str, place: _Place) -> bool:
        if place.solver is None or time.monotonic() - place.looked_s < LOOK_EVERY_S:
            return False
        place.looked_s = time.monotonic()
        try:
            version = self._find(uri)
        except RegistryUnreachable:
            return False  # what is loaded goes on reading while the registry is away
        return version is not None and version != place.solver.model.version


@st.cache_resource(show_spinner=False)
def shared() -> Solvers:
    return Solvers()


def solver(uri: str) -> Solver:
    """Return the shared solver of an address.

    Raises:
        CaptchaError: If there is no such model or its bundle is refused.
    """
    try:
        return shared().get(uri)
    except CaptchaError:
        raise
    except Exception as error:  # what LiteRT thinks of a file that is whole but no model
        raise CaptchaError(
            f"expected a model that can be loaded, received {type(error).__name__} from {uri}; register it anew."
        ) from None
