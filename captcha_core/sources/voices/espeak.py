"""espeak-ng through the wheel `espeakng-loader`: English accents times variants, offline.

The library keeps state from one utterance to the next (phases, flutter, noise), so the same character sounds a
little different each time, and it is not thread-safe. Each speaker therefore gets a freshly loaded library, under a
lock: 1 ms, and equal speakers say equal samples in any order, thread and process.
"""

import ctypes
import sys
import threading
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from typing_extensions import override

from captcha_core.errors import DataError
from captcha_core.extras import require
from captcha_core.sources.voices.contract import Speaker, Voices, trimmed

ACCENTS = {
    "en-029": "Caribbean",
    "en-GB": "Great Britain",
    "en-GB-scotland": "Scotland",
    "en-GB-x-gbclan": "Lancaster",
    "en-GB-x-gbcwmd": "West Midlands",
    "en-GB-x-rp": "Received Pronunciation",
    "en-Shaw": "Shavian alphabet",
    "en-US": "America",
    "en-US-nyc": "New York City",
}
LANGUAGES = {
    "de": "German", "es": "Spain", "es-419": "Latin America", "fr": "France", "it": "Italian", "nl": "Dutch",
    "pl": "Polish", "pt": "Portugal", "pt-BR": "Brazil", "ru": "Russian", "tr": "Turkish",
}  # fmt: skip
_FILES = {"en-GB": "en"}  # where the file is not named as the accent
_FAMILIES = {"es": "roa", "fr": "roa", "it": "roa", "pt": "roa", "pl": "zlw", "ru": "zle", "tr": "trk"}  # others: gmw
UNSTEADY = frozenset({"Reed", "caleb"})  # variants that sound different each time, even freshly loaded
RATE_WPM = (140, 220)
PITCH = (25, 75)  # of 0 to 99

_SYNCHRONOUS, _DONT_EXIT = 2, 0x8000
_RATE, _PITCH = 1, 3  # espeak_PARAMETER
_UTF8 = 1
_lock = threading.Lock()
_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class EspeakVoices(Voices):
    """Nine English accents, each plain and in every variant that the wheel brings, at random rate and pitch.

    A voice is named by its accent (``en-US``) or accent and variant (``en-US+f3``). Other languages speak where a
    scheme names them (``pt-BR``).

    Raises:
        MissingExtra: If the wheel is missing.
    """

    engine = "espeak"
    sample_rate_hz = 22_050

    def __init__(self) -> None:
        require("audio", "espeak-ng's voices")
        import espeakng_loader

        self._library = espeakng_loader.get_library_path()
        self._data = Path(espeakng_loader.get_data_path())

    @cached_property
    def _variants(self) -> tuple[str, ...]:
        return tuple(sorted({path.name for path in (self._data / "voices" / "!v").iterdir()} - UNSTEADY))

    @override
    def names(self) -> tuple[str, ...]:
        return self._with_variants(ACCENTS)

    @override
    def further(self) -> tuple[str, ...]:
        return self._with_variants(LANGUAGES)

    def _with_variants(self, accents: Iterable[str]) -> tuple[str, ...]:
        return tuple(
            f"{accent}+{variant}" if variant else accent for accent in accents for variant in ("", *self._variants)
        )

    @override
    def speaker(self, voice: str, rng: np.random.Generator) -> Speaker:
        rate, pitch = rng.integers(RATE_WPM[0], RATE_WPM[1] + 1), rng.integers(PITCH[0], PITCH[1] + 1)
        return Speaker(voice, (("pitch", int(pitch)), ("rate_wpm", int(rate))))

    @override
    def say(self, speaker: Speaker, characters: str) -> dict[str, np.ndarray]:
        settings = dict(speaker.settings)
        accent, plus, variant = speaker.voice.partition("+")
        name = f"{_FAMILIES.get(accent[:2], 'gmw')}/{_FILES.get(accent, accent)}{plus}{variant}"
        with _lock, _Loaded(self._library, self._data) as espeak:
            if espeak.library.espeak_SetVoiceByName(name.encode()) != 0:
                raise DataError(f"expected a voice of espeak-ng, received {speaker.voice!r}; see its list of names.")
            espeak.library.espeak_SetParameter(_RATE, int(settings.get("rate_wpm", 170)), 0)
            espeak.library.espeak_SetParameter(_PITCH, int(settings.get("pitch", 50)), 0)
            # in the order of the alphabet, for what is said first sounds into what follows
            said = {character: espeak.say(character) for character in sorted(set(characters))}
        return {character: trimmed(samples, self.sample_rate_hz) for character, samples in said.items()}


class _Loaded:
    """The library, loaded when entered and unloaded when left, so that it comes back in its first state."""

    def __init__(self, path: str, data: Path) -> None:
        self._path, self._data = path, data
        self._blocks: list[np.ndarray] = []
        self._callback = _Callback(self._take)
        self.library: Any = None

    def __enter__(self) -> "_Loaded":
        self.library = ctypes.CDLL(self._path)
        if self.library.espeak_Initialize(_SYNCHRONOUS, 0, str(self._data).encode(), _DONT_EXIT) < 0:
            self.__exit__()
            raise DataError(f"expected espeak-ng to start with {self._data}, received an error; reinstall the wheel.")
        self.library.espeak_SetSynthCallback(self._callback)
        self.library.espeak_ng_SetRandSeed(ctypes.c_long(1))
        return self

    def __exit__(self, *_: object) -> None:
        self.library.espeak_Terminate()
        _unload(self.library._handle)

    def _take(self, wave: Any, count: int, _: Any) -> int:
        if wave and count:
            self._blocks.append(np.ctypeslib.as_array(wave, (count,)).astype(np.float32) / 32768.0)
        return 0

    def say(self, text: str) -> np.ndarray:
        self._blocks.clear()
        data = text.lower().encode() + b"\0"
        self.library.espeak_Synth(data, len(data), 0, 1, 0, _UTF8, None, None)
        return np.concatenate(self._blocks) if self._blocks else np.empty(0, np.float32)


def _unload(handle: int) -> None:
    import _ctypes

    getattr(_ctypes, "FreeLibrary" if sys.platform == "win32" else "dlclose")(handle)
