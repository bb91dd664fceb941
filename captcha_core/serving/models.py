"""The models a server answers with: several at once, each replaced while it runs."""

import dataclasses
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from captcha_core.errors import CaptchaError
from captcha_core.evaluation.drift import Histograms
from captcha_core.media.image import encode_png
from captcha_core.models.decode import Limits
from captcha_core.spec.answer import Answer, ModelIdentity
from captcha_core.spec.captcha import CaptchaSpec

if TYPE_CHECKING:
    from captcha_core.solver import Solver


class AnySolver(Protocol):
    """The part of :class:`captcha_core.solver.Solver` that serving needs."""

    @property
    def spec(self) -> CaptchaSpec:
        """What it reads."""

    @property
    def model(self) -> ModelIdentity:
        """Which model it is."""

    def solve(self, media: bytes, limits: Limits | None = None) -> Answer:
        """Read one captcha."""


Loader = Callable[[str, int], Sequence[AnySolver]]


@dataclass(frozen=True, slots=True)
class Served:
    """One loaded version, with a solver for each worker thread. Requests in flight keep theirs until they are done."""

    uri: str
    model: ModelIdentity
    spec: CaptchaSpec
    solvers: tuple[AnySolver, ...]
    identity: dict[str, str | None]
    reference: Histograms | None = None

    def describe(self) -> dict[str, Any]:
        """Return what a caller may know of the model."""
        return {**self.identity, "spec": self.spec.model_dump(exclude_none=True)}


def load_solvers(uri: str, copies: int) -> tuple["Solver", ...]:
    """Load a model once, with a solver for each worker thread, and let each solve once: the first time takes longer.

    Raises:
        CaptchaError: If there is no such model or it cannot solve.
    """
    from captcha_core.solver import Solver

    first = Solver.load(uri)
    solvers = (first, *(Solver(first.bundle, first.model) for _ in range(copies - 1)))
    media = example_media(first.spec)
    for solver in solvers:
        solver.attempt(media)
    return solvers


def example_media(spec: CaptchaSpec) -> bytes:
    """Return a file that fits a specification and says nothing: bars, or a tone."""
    if spec.media == "image":
        pixels = np.full(spec.shape, 255, dtype=np.uint8)
        height, width, _ = spec.shape
        edges = np.linspace(0, width, 2 * spec.min_length + 2).round().astype(int)
        for left, right in zip(edges[1:-1:2], edges[2::2], strict=True):  # one for each letter, for segmentation
            pixels[height // 4 : -(height // 4), left:right] = 0
        return encode_png(pixels)
    from captcha_core.media.audio import encode_wav

    seconds = min(1.0, spec.seconds)
    times_s = np.arange(int(seconds * spec.rate_hz)) / spec.rate_hz
    return encode_wav((0.1 * np.sin(2 * np.pi * 440 * times_s)).astype(np.float32), spec.rate_hz)


def _reference(solver: AnySolver) -> Histograms | None:
    """Return what a model keeps of its own captchas; one that is damaged serves all the same."""
    try:
        found: Histograms | None = getattr(solver, "reference", None)
    except CaptchaError:
        return None
    return found


class Models:
    """What is served, by address. Readers take no lock; a change replaces the whole mapping.

    Args:
        uris: Addresses as :meth:`Solver.load` takes them.
        copies: Solvers of each, one for each worker thread.
        loader: From an address to its solvers.
    """

    def __init__(self, uris: Sequence[str], copies: int, loader: Loader = load_solvers) -> None:
        self._copies, self._loader = copies, loader
        self.served: Mapping[str, Served] = {}
        self._writing = threading.Lock()
        for uri in dict.fromkeys(uris):
            self.load(uri)

    def load(self, uri: str) -> Served:
        """Load what an address means now, and serve it from then on. The old one serves until the new one has solved.

        Raises:
            CaptchaError: If it cannot be loaded; what was served before stays.
        """
        solvers = tuple(self._loader(uri, self._copies))
        model, spec = solvers[0].model, solvers[0].spec
        served = Served(uri, model, spec, solvers, dataclasses.asdict(model), _reference(solvers[0]))
        with self._writing:
            self.served = {**self.served, uri: served}
        return served
