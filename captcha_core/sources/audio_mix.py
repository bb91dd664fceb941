"""The seeded audio mixer: sample i of a scheme depends on the seed and i alone, whatever the batching."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from captcha_core.errors import SpecError
from captcha_core.sources import audio_captcha
from captcha_core.sources.audio_schemes import AudioKnobs
from captcha_core.sources.scheme import Scheme

_STREAM = 0xA0D10  # keeps these draws apart from others with the same seed and index, such as the texts'


@dataclass(frozen=True)
class Clip:
    """One drawn clip.

    Args:
        samples: float32 mono (N,) in [-1, 1] at the scheme's rate.
        spans_s: float64 (L, 2), the (start, end) of each character in seconds.
        voice: Who speaks.
    """

    samples: np.ndarray
    spans_s: np.ndarray
    voice: str


def draw_clip(scheme: Scheme, seed: int, index: int, text: str) -> Clip:
    """Draw sample ``index`` of the scheme's stream ``seed``.

    Raises:
        SpecError: If the scheme is no audio scheme or its voice cannot speak the text.
        DataError: If the voice is not installed.
    """
    knobs = scheme.knobs
    if not isinstance(knobs, AudioKnobs):
        raise SpecError(f"expected an audio scheme, received {scheme.name}; it is drawn by the image renderer.")
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(_STREAM, index))))
    clip, spans = audio_captcha.mix(text, audio_captcha.draw(rng, text))
    return Clip(audio_captcha.to_float(clip), spans / audio_captcha.RATE_HZ, "builtin")


def draw_batch(scheme: Scheme, seed: int, indices: range, texts: Sequence[str]) -> list[np.ndarray]:
    """Return float32 mono arrays (N,) in [-1, 1], one for each index and text."""
    return [draw_clip(scheme, seed, i, text).samples for i, text in zip(indices, texts, strict=True)]
