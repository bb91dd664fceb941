"""Engines by name; one of each in a process."""

from functools import cache
from typing import Any

from captcha_core.errors import SpecError
from captcha_core.plugins import Table
from captcha_core.sources.voices.builtin import BuiltinVoices
from captcha_core.sources.voices.cloud import MAX_CHARACTERS, CloudVoices
from captcha_core.sources.voices.contract import Voices
from captcha_core.sources.voices.espeak import EspeakVoices
from captcha_core.sources.voices.google import GoogleVoices
from captcha_core.sources.voices.polly import PollyVoices

ENGINES: Table[type[Voices]] = Table(
    "engine", {"builtin": BuiltinVoices, "espeak": EspeakVoices, "polly": PollyVoices, "google": GoogleVoices}
)
_options: dict[str, Any] = {"max_characters": MAX_CHARACTERS}


def limit_spending(max_characters: int) -> None:
    """Set how many characters this process may send to each paid engine."""
    _options["max_characters"] = max_characters
    get_engine.cache_clear()


def is_paid(name: str) -> bool:
    """Say whether an engine is a service that charges for each character."""
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
