"""Solvers that all pages share: each is loaded once, and replaced when its alias has moved."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

import streamlit as st

from captcha_core.errors import CaptchaError
from captcha_core.registry.lookup import RegistryUnreachable
from captcha_core.registry.versions import current_version
from captcha_core.serving.models import load_solvers
from captcha_core.solver import Solver

MOST = 8
ASK_EVERY_S = 2.0


@dataclass
class _Slot:
    lock: threading.Lock = field(default_factory=threading.Lock)
    solver: Solver | None = None
    asked_s: float = 0.0


def load_solver(uri: str) -> Solver:
    """Load a model with one solver that has solved once: the first time takes longer."""
    return load_solvers(uri, 1)[0]


class Solvers:
    """Solvers by address. A solver keeps no picture and no answer, so that everybody can share it.

    Args:
        load: From an address to a solver.
        find: From an address to the version it means now, None for one that always means the same.
    """

    def __init__(
        self, load: Callable[[str], Solver] = load_solver, find: Callable[[str], str | None] = current_version
    ) -> None:
        self._load, self._find = load, find
        self._slots: OrderedDict[str, _Slot] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, uri: str) -> Solver:
        """Return the solver of what an address means now; several at once wait for the first to load it.

        Raises:
            CaptchaError: If there is no such model or its bundle is refused.
        """
        with self._lock:
            slot = self._slots.setdefault(uri, _Slot())
            self._slots.move_to_end(uri)
            while len(self._slots) > MOST:
                self._slots.popitem(last=False)
        with slot.lock:
            if slot.solver is None or self._moved(uri, slot):
                slot.solver = self._load(uri)
                slot.asked_s = time.monotonic()
            return slot.solver

    def _moved(self, uri: str, slot: _Slot) -> bool:
        if slot.solver is None or time.monotonic() - slot.asked_s < ASK_EVERY_S:
            return False
        slot.asked_s = time.monotonic()
        try:
            version = self._find(uri)
        except RegistryUnreachable:
            return False  # what is loaded goes on solving while the registry is away
        return version is not None and version != slot.solver.model.version


@st.cache_resource(show_spinner=False)
def shared() -> Solvers:
    """Return the solvers of this process."""
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
    except Exception as error:  # LiteRT's own, for a file that is whole but no model
        raise CaptchaError(
            f"expected a model that can be loaded, received {type(error).__name__} from {uri}; register it anew."
        ) from None
