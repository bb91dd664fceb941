"""Networks, schemes, voices and sources of other people's modules.

A plugin is a module that calls the functions below while it is imported. It is loaded once in a process, when a name
is first looked up, if ``captchalab --plugin MODULE`` or the environment variable ``CAPTCHALAB_PLUGINS`` (modules with
commas between) names it, or if an installed package has it as an entry point of the group ``captchalab.plugins``. A
bundle of a plugin's network needs no plugin to solve: it holds a plain LiteRT file and its specification.
"""

import importlib
import os
import re
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

from captcha_core.errors import CaptchaError, SpecError

VARIABLE = "CAPTCHALAB_PLUGINS"
GROUP = "captchalab.plugins"
NAME = re.compile(r"\w[\w.-]+")
T = TypeVar("T")


class Named(Protocol):
    """A scheme: what has a name."""

    @property
    def name(self) -> str:
        """The name."""


class Engine(Protocol):
    """A class of voices: what has the name of its engine."""

    engine: str


def register_network(
    name: str,
    *,
    media: Literal["image", "audio"],
    head: Literal["positions", "ctc"],
    features: Callable[[Any], Any],
    build: Callable[..., Any],
    **more: Any,
) -> None:
    """Add a network, with the arguments of :class:`captcha_core.models.zoo.Network`.

    Args:
        name: For ``--network`` and presets.
        media: What it takes.
        head: How its logits are trained and decoded.
        features: The input for a specification, for instance :meth:`captcha_core.features.image.ImageFeatures.of`.
        build: ``(shape, spec, **options) -> keras.Model``; importing Keras in here keeps other commands quick.
        more: ``space``, what a search may try of it.

    Raises:
        SpecError: If there is a network of this name.
    """
    _register("network", name, {"media": media, "head": head, "features": features, "build": build, **more})


def register_scheme(scheme: Named) -> None:
    """Add a :class:`captcha_core.sources.scheme.Scheme`, to be drawn and trained on by its name.

    Raises:
        SpecError: If there is a scheme of this name.
    """
    _register("scheme", scheme.name, scheme)


def register_voice(engine: type[Engine]) -> None:
    """Add a subclass of :class:`captcha_core.sources.voices.contract.Voices`, built without arguments, by its engine.

    Raises:
        SpecError: If there is an engine of this name.
    """
    _register("engine", engine.engine, engine)


def register_source(name: str, open_place: Callable[[str], Any]) -> None:
    """Add a place that ``captchalab import NAME:REST`` reads.

    Args:
        name: What stands before the colon.
        open_place: Returns the :class:`captcha_core.sources.archive.Files` of what stands behind it.

    Raises:
        SpecError: If there is a source of this name.
    """
    _register("source", name, open_place)


class Table(Mapping[str, T]):
    """Things by name: ours first, then those of the plugins, which are loaded when a name is first looked up.

    Args:
        noun: What they are.
        ours: Those that we bring.
        make: Turns what a plugin registered into one of them.

    Raises:
        SpecError: If a plugin has registered one of our names.
    """

    def __init__(self, noun: str, ours: Mapping[str, T], make: Callable[[Any], T] = lambda thing: thing) -> None:
        self._noun, self._things, self._make = noun, dict(ours), make
        for name, thing in _registered[noun].items():
            self.add(name, thing)
        _tables[noun] = self

    def add(self, name: str, thing: Any) -> None:
        """Add what a plugin registered."""
        if name in self._things:
            raise _taken(self._noun, name)
        self._things[name] = self._make(thing)

    def __getitem__(self, name: str) -> T:
        load_plugins()
        return self._things[name]

    def __iter__(self) -> Iterator[str]:
        load_plugins()
        return iter(self._things)

    def __len__(self) -> int:
        load_plugins()
        return len(self._things)


def registered(noun: str) -> Mapping[str, Any]:
    """Return what the plugins have registered of a noun."""
    load_plugins()
    return _registered[noun]


def add_plugins(names: Iterable[str]) -> None:
    """Load plugins for this process and name them to those that it starts.

    Raises:
        SpecError: If one cannot be loaded; also one that was named before.
    """
    wanted = dict.fromkeys([*_named(), *names])
    if wanted:
        os.environ[VARIABLE] = ",".join(wanted)
        load_plugins()


def load_plugins() -> tuple[str, ...]:
    """Load the plugins that are not loaded yet, and return the names of all.

    Raises:
        SpecError: If one is not there or raises an error.
    """
    with _lock:
        for name in (*_named(), *_installed()):
            if name not in _faults:
                _faults[name] = None  # before it is loaded: what it looks up itself must not load it again
                _faults[name] = _load(name)
            if fault := _faults[name]:
                raise fault
        return tuple(_faults)


_lock = threading.RLock()
_faults: dict[str, SpecError | None] = {}
_registered: dict[str, dict[str, Any]] = defaultdict(dict)
_tables: dict[str, Table[Any]] = {}


def _register(noun: str, name: str, thing: Any) -> None:
    if not NAME.fullmatch(name):
        raise SpecError(
            f"expected a {noun} with a name of two or more letters, digits, '-', '.' and '_', received {name!r}; "
            "choose another."
        )
    if noun in _tables:
        _tables[noun].add(name, thing)
    elif name in _registered[noun]:
        raise _taken(noun, name)
    _registered[noun][name] = thing


def _taken(noun: str, name: str) -> SpecError:
    return SpecError(
        f"expected a new name for the {noun} of a plugin, received {name!r}, which exists already; choose another."
    )


def _load(name: str) -> SpecError | None:
    """Import a module, from the folder of the command where no other has it; return why that failed."""
    try:
        if find_spec(name.partition(".")[0]) is None:
            sys.path.append(str(Path.cwd()))
        importlib.import_module(name)
    except CaptchaError as error:
        return SpecError(str(error))
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and f"{name}.".startswith(f"{error.name}."):
            return SpecError(
                f"expected a module {name} to load as a plugin, received none of this name; correct the name, install "
                "it, or start in its folder."
            )
        return SpecError(
            f"expected the plugin {name} to load, received {type(error).__name__}: {error}; correct the module."
        )
    return None


def _named() -> list[str]:
    return [name.strip() for name in os.environ.get(VARIABLE, "").split(",") if name.strip()]


@cache
def _installed() -> tuple[str, ...]:
    from importlib.metadata import entry_points

    return tuple(sorted({point.module for point in entry_points(group=GROUP)}))
