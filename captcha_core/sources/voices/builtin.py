"""The `captcha` package's own recordings: one voice, 0 to 9 and A to Z, 8,000 Hz."""

import numpy as np

from captcha_core.errors import SpecError
from captcha_core.sources.audio_captcha import RATE_HZ, recordings, to_float
from captcha_core.sources.voices.contract import Speaker, Voices, trimmed


class BuiltinVoices(Voices):
    """The recordings as they are, without the silence around them."""

    engine = "builtin"
    sample_rate_hz = RATE_HZ

    def names(self) -> tuple[str, ...]:
        return ("captcha",)

    def speaker(self, voice: str, rng: np.random.Generator) -> Speaker:
        return Speaker(voice)

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
