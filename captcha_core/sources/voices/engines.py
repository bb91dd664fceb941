"""Engines by name, one of each in a process, and the one that needs nothing installed."""

from functools import cache
from typing import Any

import numpy as np
from typing_extensions import override

from captcha_core.errors import SpecError
from captcha_core.plugins import Table
from captcha_core.sources.audio_captcha import RATE_HZ, recordings, to_float
from captcha_core.sources.voices.cloud import MAX_CHARACTERS, CloudVoices
from captcha_core.sources.voices.contract import Speaker, Voices, trimmed
from captcha_core.sources.voices.espeak import EspeakVoices
from captcha_core.sources.voices.google import GoogleVoices
from captcha_core.sources.voices.polly import PollyVoices


class BuiltinVoices(Voices):
    """The `captcha` package's own recordings, without the silence around them: one voice, 0 to 9 and A to Z."""

    engine = "builtin"
    sample_rate_hz = RATE_HZ

    @override
    def names(self) -> tuple[str, ...]:
        return ("captcha",)

    @override
    def speaker(self, voice: str, rng: np.random.Generator) -> Speaker:
        return Speaker(voice)

    @override
    def say(self, speaker: Speaker, characters: str) -> dict[str, np.ndarray]:
        said = {}
        for character in dict.fromkeys(characters):
            if character.upper() not in recordings():
                raise SpecError(
                    f"expected characters that the captcha package has a recording of (0-9, A-Z), received "
                    f"{character!r}; take another voice or alphabet."
                )
            said[character] = trimmed(to_float(recordings()[character.upper()]), RATE_HZ, threshold=0.03)
        return said


ENGINES: Table[type[Voices]] = Table(
    "engine", {"builtin": BuiltinVoices, "espeak": EspeakVoices, "polly": PollyVoices, "google": GoogleVoices}
)
_options: dict[str, Any] = {"max_characters": MAX_CHARACTERS}


def limit_spending(max_characters: int) -> None:
    """Set how many characters this process may send to each paid engine."""
    _options["max_characters"] = max_characters
    get_engine.cache_clear()


def is_paid(name: str) -> bool:
    """Return whether an engine is a service that charges for each character."""
    return issubclass(ENGINES.get(name, Voices), CloudVoices)


@cache
def get_engine(name: str) -> Voices:
    """Return an engine by its name.

    Raises:
        SpecError: If there is none of this name.
        DataError: If what it needs is not installed.
    """
    if name not in ENGINES:
        raise SpecError(f"expected an engine of {', '.join(ENGINES)}, received {name!r}; choose one.")
    kind = ENGINES[name]
    return kind(**_options) if issubclass(kind, CloudVoices) else kind()
