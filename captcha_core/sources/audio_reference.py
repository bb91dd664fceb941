"""The `captcha` package's own AudioCaptcha as a source: the yardstick for the mixer and for every audio model."""

import secrets
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from captcha_core.errors import SpecError
from captcha_core.sources.audio_captcha import RATE_HZ
from captcha_core.sources.audio_schemes import AudioKnobs
from captcha_core.sources.scheme import Scheme
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample

if TYPE_CHECKING:
    from captcha.audio import AudioCaptcha


def check_knobs(scheme: Scheme) -> None:
    """Raises: SpecError: If the scheme asks for what AudioCaptcha does not have."""
    if scheme.knobs != AudioKnobs(layout="captcha"):
        raise SpecError(
            f"expected a scheme that the captcha package can speak, received {scheme.name}; take audio-digits or "
            "audio-alnum."
        )


def draw_samples(spec: CaptchaSpec, count: int) -> Iterator[Sample]:
    """Yield captchas as AudioCaptcha writes them: WAV, 8 bits, 8,000 Hz. They cannot be seeded.

    It makes 2 to 6 a second, so ask for no more than are needed.
    """
    for index in range(count):
        length = spec.min_length + secrets.randbelow(spec.max_length - spec.min_length + 1)
        text = "".join(secrets.choice(spec.alphabet) for _ in range(length))
        yield Sample(bytes(generate(text)), text, f"{index:07d}_{text}.wav", {"source": "captcha", "rate_hz": RATE_HZ})


def generate(text: str) -> bytes:
    """Return one WAV file of the text."""
    return bytes(_captcha().generate(text.upper()))


@lru_cache(maxsize=1)
def _captcha() -> "AudioCaptcha":
    from captcha.audio import AudioCaptcha

    return AudioCaptcha()
