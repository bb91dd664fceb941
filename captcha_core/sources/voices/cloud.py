"""What the paid engines share: the disk cache before each request, a spending limit, patience with a busy service."""

import os
import threading
import time
from abc import abstractmethod
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from typing_extensions import override

from captcha_core.errors import DataError
from captcha_core.sources.voices.cache import ClipKey, VoiceCache
from captcha_core.sources.voices.contract import Speaker, Voices, trimmed

T = TypeVar("T")

CACHE_VARIABLE = "CAPTCHALAB_VOICE_CACHE"
MAX_CHARACTERS = 5_000  # a set of 36 characters in 33 voices takes 1,188
ATTEMPTS = 5
FIRST_WAIT_S = 0.5


def default_cache() -> Path:
    """The folder named by ``CAPTCHALAB_VOICE_CACHE``, else one in the user's cache folder."""
    return Path(os.environ.get(CACHE_VARIABLE) or Path.home() / ".cache" / "captchalab" / "voices")


class CloudVoices(Voices):
    """A paid service behind the disk cache.

    Args:
        max_characters: Characters that may be sent to the service, and so paid for, by this object.
        cache: Folder of the clips that were paid for before.
        client: The service's client, in place of the one that its SDK makes.
        wait: Called with the seconds to wait before another attempt.

    Raises:
        DataError: From all methods that ask the service, if its SDK is missing or finds no credentials.
    """

    def __init__(
        self,
        max_characters: int = MAX_CHARACTERS,
        cache: Path | None = None,
        client: Any = None,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self.max_characters = max_characters
        self.characters_sent = 0
        self._cache = VoiceCache(cache or default_cache())
        self._wait = wait
        self._lock = threading.Lock()
        if client is not None:
            self.__dict__["_client"] = client

    @cached_property
    def _client(self) -> Any:
        return self._connect()

    #: Voices known without asking the service.
    known: tuple[str, ...]

    @override
    def names(self) -> tuple[str, ...]:
        """The voices known without asking, and those that :meth:`list_voices` found before."""
        return tuple(sorted({*self.known, *self._cache.listing(self.engine)}))

    def list_voices(self) -> dict[str, str]:
        """Ask the service for its English voices, with a word on each, and keep the list.

        Raises:
            DataError: If the service refuses or there are no credentials.
        """
        voices = self._patiently(self._describe)
        self._cache.put_listing(self.engine, voices)
        return voices

    @override
    def speaker(self, voice: str, rng: np.random.Generator) -> Speaker:
        return Speaker(voice)

    @override
    def say(self, speaker: Speaker, characters: str) -> dict[str, np.ndarray]:
        return {character: self._say_one(speaker.voice, character) for character in dict.fromkeys(characters)}

    def _say_one(self, voice: str, character: str) -> np.ndarray:
        text = character.upper()
        settings = {**self._settings(voice), "rate_hz": str(self.sample_rate_hz)}
        key = ClipKey(self.engine, voice, text, tuple(settings.items()))
        with self._lock:  # two threads must not pay for the same clip
            samples = self._cache.get(key, self.sample_rate_hz)
            if samples is None:
                self._check_budget(self._billed(text))
                samples = self._patiently(lambda: self._synthesise(voice, text))
                self.characters_sent += self._billed(text)
                self._cache.put(key, self.sample_rate_hz, samples)
        return trimmed(samples, self.sample_rate_hz)

    def _check_budget(self, characters: int) -> None:
        if self.characters_sent + characters > self.max_characters:
            raise DataError(
                f"expected to send at most {self.max_characters:,} characters to {self.engine}, received a request for "
                f"{characters} more after {self.characters_sent:,}; raise --max-characters to pay for more."
            )

    def _patiently(self, call: Callable[[], T]) -> T:
        attempt = 1
        while True:
            try:
                return call()
            except Exception as error:
                if not self._is_busy(error) or attempt == ATTEMPTS:
                    raise self._explained(error) from error
            self._wait(FIRST_WAIT_S * 2 ** (attempt - 1))
            attempt += 1

    def _explained(self, error: Exception) -> DataError:
        if isinstance(error, DataError):
            return error
        return DataError(f"expected an answer of {self.engine}, received {type(error).__name__}: {error}")

    @abstractmethod
    def _connect(self) -> Any:
        """Return the SDK's client with its own credentials."""

    @abstractmethod
    def _describe(self) -> dict[str, str]:
        """Ask the service for its English voices."""

    @abstractmethod
    def _synthesise(self, voice: str, text: str) -> np.ndarray:
        """Ask the service for one clip: float32 (N,) at ``sample_rate_hz``."""

    @abstractmethod
    def _settings(self, voice: str) -> dict[str, str]:
        """What else decides how the clip sounds."""

    @abstractmethod
    def _is_busy(self, error: Exception) -> bool:
        """Whether another attempt may succeed."""

    @abstractmethod
    def _billed(self, text: str) -> int:
        """Characters that the service charges for."""


def spelt_out(text: str) -> str:
    """Return the SSML that has a service say each character by its name."""
    return f'<speak><say-as interpret-as="characters">{text}</say-as></speak>'
