"""What every voice engine offers: characters spoken one by one, by a voice with settings of its own."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from captcha_core.errors import DataError, SpecError


@dataclass(frozen=True, slots=True)
class Speaker:
    """A voice with the settings that it speaks with; equal speakers say equal things."""

    voice: str
    settings: tuple[tuple[str, float], ...] = ()


class Voices(ABC):
    """An engine with its voices; ``captcha_core.sources.voices.engines`` lists them.

    Attributes:
        engine: Its name.
        sample_rate_hz: Of what it says.
    """

    engine: str
    sample_rate_hz: int

    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """Every voice that speaks where none is named, sorted."""

    def further(self) -> tuple[str, ...]:
        """Voices that speak only where they are named, such as those of other languages."""
        return ()

    @abstractmethod
    def speaker(self, voice: str, rng: np.random.Generator) -> Speaker:
        """Return the voice with settings drawn for it."""

    @abstractmethod
    def say(self, speaker: Speaker, characters: str) -> dict[str, np.ndarray]:
        """Return each distinct character as that speaker says it alone: float32 mono (N,) in [-1, 1].

        Equal arguments give equal samples, whatever was said before.

        Raises:
            SpecError: If the engine has no way to say a character.
            DataError: If the engine fails.
        """


def choose(names: Sequence[str], only: Iterable[str], held_out: Iterable[str]) -> tuple[str, ...]:
    """Return the names that may speak: those of ``only`` (empty: all) less ``held_out``.

    A name is given whole (``en-US+f3``) or by a part between plus signs (``en-US``, ``f3``).

    Raises:
        SpecError: If a given name fits none, or nobody is left.
    """
    only, held_out = tuple(only), tuple(held_out)
    for wanted in only + held_out:
        if not any(_fits(name, wanted) for name in names):
            some = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
            raise SpecError(f"expected a voice of {some}, received {wanted!r}; correct the name.")
    left = tuple(
        name
        for name in names
        if (not only or any(_fits(name, wanted) for wanted in only)) and not any(_fits(name, out) for out in held_out)
    )
    if not left:
        raise SpecError(f"expected a voice to be left, received all {len(names)} held out; hold out fewer.")
    return left


def _fits(name: str, wanted: str) -> bool:
    return name == wanted or wanted in name.split("+")


def trimmed(samples: np.ndarray, rate_hz: int, threshold: float = 0.01, margin_s: float = 0.01) -> np.ndarray:
    """Return samples without the silence before and behind them, a margin kept.

    Raises:
        DataError: If there is nothing but silence.
    """
    peak = float(np.abs(samples).max(initial=0.0))
    loud = np.flatnonzero(np.abs(samples) > threshold * peak)
    if peak == 0.0 or not len(loud):
        raise DataError("expected speech from the voice, received silence; take another voice or character.")
    margin = int(margin_s * rate_hz)
    return samples[max(0, int(loud[0]) - margin) : int(loud[-1]) + 1 + margin]
