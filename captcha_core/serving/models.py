"""The models a server answers with: several at once, each exchanged while it runs."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from captcha_core.bundle.identity import ModelIdentity
from captcha_core.media.image import encode_png
from captcha_core.models.decode import Limits
from captcha_core.serving.errors import ApiError
from captcha_core.serving.limits import kind_of, size_of
from captcha_core.spec.answer import Answer
from captcha_core.spec.captcha import CaptchaSpec


class Reader(Protocol):
    """What reads captchas: the part of :class:`captcha_core.solver.Solver` that serving needs."""

    @property
    def spec(self) -> CaptchaSpec: ...

    @property
    def model(self) -> ModelIdentity: ...

    def solve(self, media: bytes, limits: Limits | None = None) -> Answer: ...


Loader = Callable[[str, int], Sequence[Reader]]


@dataclass(frozen=True, slots=True)
class Served:
    """One loaded version, with a reader for each worker thread. Requests in flight keep theirs until they are done."""

    uri: str
    readers: tuple[Reader, ...]

    @property
    def spec(self) -> CaptchaSpec:
        return self.readers[0].spec

    @property
    def model(self) -> ModelIdentity:
        return self.readers[0].model

    def describe(self) -> dict[str, Any]:
        """Return what a caller may know of the model."""
        return {**identity(self.model), "spec": self.spec.model_dump(exclude_none=True)}


def identity(model: ModelIdentity) -> dict[str, str | None]:
    return {"name": model.name, "version": model.version, "alias": model.alias}


def load_readers(uri: str, copies: int) -> tuple[Reader, ...]:
    """Load a model once, with a reader for each worker thread, and let each read once.

    Raises:
        CaptchaError: If there is no such model or it cannot read.
    """
    from captcha_core.solver import Solver

    first = Solver.load(uri)
    readers = (first, *(Solver(first.bundle, first.model) for _ in range(copies - 1)))
    media = example_media(first.spec)
    for reader in readers:
        reader.attempt(media)
    return readers


def example_media(spec: CaptchaSpec) -> bytes:
    """Return a file that fits a specification and holds nothing worth reading: bars, or a tone."""
    if spec.media == "image":
        pixels = np.full(spec.shape, 255, dtype=np.uint8)
        height, width, _ = spec.shape
        edges = np.linspace(0, width, 2 * spec.min_length + 2).round().astype(int)
        for left, right in zip(edges[1:-1:2], edges[2::2], strict=True):  # as many as letters, for who looks for those
            pixels[height // 4 : -(height // 4), left:right] = 0
        return encode_png(pixels)
    from captcha_core.media.audio import encode_wav

    seconds = min(1.0, spec.seconds)
    times_s = np.arange(int(seconds * spec.rate_hz)) / spec.rate_hz
    return encode_wav((0.1 * np.sin(2 * np.pi * 440 * times_s)).astype(np.float32), spec.rate_hz)


class Models:
    """What is being served, by address. Reading is lock-free; an exchange replaces one reference.

    Args:
        uris: Addresses as :meth:`Solver.load` takes them.
        copies: Readers of each, one for each worker thread.
        loader: From an address to its readers.
    """

    def __init__(self, uris: Sequence[str], copies: int, loader: Loader = load_readers) -> None:
        self._copies, self._loader = copies, loader
        self._served: dict[str, Served] = {}
        self._writing = threading.Lock()
        for uri in dict.fromkeys(uris):
            self.load(uri)

    def load(self, uri: str) -> Served:
        """Load what an address means now, and serve it from then on. The old one serves until the new one has read.

        Raises:
            CaptchaError: If it cannot be loaded; what was served before stays.
        """
        served = Served(uri, tuple(self._loader(uri, self._copies)))
        with self._writing:
            self._served = {**self._served, uri: served}
        return served

    def all(self) -> list[Served]:
        return list(self._served.values())

    def at(self, uri: str) -> Served:
        return self._served[uri]

    def choose(self, name: str | None, media: bytes) -> Served:
        """Return the model to read a file with: by name, else the only one that takes such files.

        Raises:
            ApiError: 404 for an unknown name, 415 where no model takes such files, 300 where several do.
            DataError: If the file is neither picture nor clip.
        """
        served = self.all()
        if name is not None:
            named = [one for one in served if name in _names(one)]
            if not named:
                raise self._choice(
                    404, "unknown_model", f"expected the name of a model, received {name[:80]!r}", served
                )
            served = named
        kind = kind_of(media)
        fitting = [one for one in served if one.spec.media == kind]
        if not fitting:
            known = " and ".join(sorted({one.spec.media for one in served}))
            raise self._choice(415, "wrong_kind", f"expected a file for an {known} model, received an {kind}", served)
        if len(fitting) > 1 and kind == "image":
            size = size_of(media)
            fitting = [one for one in fitting if one.spec.size_px == size] or fitting
        if len(fitting) > 1:
            raise self._choice(300, "several_models", "expected one model that fits, received several", fitting)
        return fitting[0]

    def _choice(self, status: int, code: str, fault: str, choices: list[Served]) -> ApiError:
        listed = [one.describe() for one in choices]
        return ApiError(status, code, f"{fault}; choose one of the list with model=NAME.", extra={"models": listed})


def _names(served: Served) -> set[str]:
    model = served.model
    return {served.uri, model.name, f"{model.name}@{model.alias}", f"{model.name}/{model.version}"}
