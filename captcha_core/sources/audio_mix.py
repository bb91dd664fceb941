"""The seeded audio mixer: sample i of a scheme depends on the seed and i alone, whatever the batching."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from captcha_core.errors import SpecError
from captcha_core.sources import audio_captcha, audio_speech
from captcha_core.sources.audio_effects import (
    BABBLERS,
    MIN_REVERB_S,
    add_noises,
    babble,
    chatter,
    pink,
    reverberate,
    through_telephone,
    white,
)
from captcha_core.sources.audio_knobs import AudioKnobs
from captcha_core.sources.scheme import Scheme

MAX_PEAK = 0.95
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


def mix_clip(scheme: Scheme, seed: int, index: int, text: str) -> Clip:
    """Draw sample ``index`` of the scheme's stream ``seed``.

    Raises:
        SpecError: If the scheme is no audio scheme, or its voices cannot speak the text within its longest clip.
        DataError: If the voice is not installed.
    """
    knobs, rate_hz = scheme.knobs, scheme.spec.rate_hz
    if not isinstance(knobs, AudioKnobs):
        raise SpecError(f"expected an audio scheme, received {scheme.name}; it is drawn by the image renderer.")
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed % 2**64, spawn_key=(_STREAM, index))))
    if knobs.layout == "captcha":
        clip, spans = audio_captcha.mix(text, audio_captcha.draw(rng, text))
        samples, voice = audio_captcha.to_float(clip), "captcha"
    else:
        alphabet = audio_speech.alphabet_of(scheme, seed, index)
        samples, spans = audio_speech.lay(text, alphabet, knobs, rate_hz, rng)
        voice = alphabet.voice
    if len(samples) > scheme.spec.seconds * rate_hz:
        raise SpecError(
            f"expected clips of at most {scheme.spec.seconds:g} seconds in {scheme.name}, received one of "
            f"{len(samples) / rate_hz:.1f}; shorten the pauses or raise max_seconds."
        )
    samples = _spoiled(samples, spans, scheme, knobs, seed, index, rng)
    return Clip(samples, spans / rate_hz, voice)


def draw_batch(scheme: Scheme, seed: int, indices: range, texts: Sequence[str]) -> list[np.ndarray]:
    """Return float32 mono arrays (N,) in [-1, 1], one for each index and text."""
    return [mix_clip(scheme, seed, i, text).samples for i, text in zip(indices, texts, strict=True)]


def _spoiled(
    samples: np.ndarray,
    spans: np.ndarray,
    scheme: Scheme,
    knobs: AudioKnobs,
    seed: int,
    index: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return the samples behind noise, in a room, through a telephone, as the knobs ask."""
    rate_hz = scheme.spec.rate_hz
    clean = samples
    noises = _noises(scheme, knobs, seed, index, rng)
    if knobs.reverb_share and rng.random() < knobs.reverb_share:
        samples = reverberate(samples, rng, rate_hz, rng.uniform(MIN_REVERB_S, knobs.max_reverb_s))
    if noises:
        spoken = np.zeros(len(samples), bool)
        for start, end in spans:
            spoken[start:end] = True
        samples = add_noises(samples, spoken, noises)
    if knobs.telephone_share and rng.random() < knobs.telephone_share:
        samples = through_telephone(samples, rate_hz)
    if samples is clean:
        return samples
    peak = float(np.abs(samples).max())
    return (samples * np.float32(min(1.0, MAX_PEAK / max(peak, 1e-9)))).astype(np.float32, copy=False)


def _noises(
    scheme: Scheme, knobs: AudioKnobs, seed: int, index: int, rng: np.random.Generator
) -> list[tuple[float, Callable[[int], np.ndarray]]]:
    """Return the noises that the knobs ask for: their ratios in this clip, and what makes them."""

    def pieces(neighbour: int) -> list[np.ndarray]:
        return list(audio_speech.alphabet_of(scheme, seed, index + neighbour).pieces.values())

    makers: list[tuple[float | None, Callable[[int], np.ndarray]]] = [
        (knobs.white_snr_db, lambda count: white(rng, count)),
        (knobs.pink_snr_db, lambda count: pink(rng, count)),
        (knobs.babble_snr_db, lambda count: babble(rng, count, [pieces(k) for k in range(1, BABBLERS + 1)])),
        (knobs.reversed_snr_db, lambda count: chatter(rng, count, pieces(1), backwards=True)),
    ]
    return [(snr + rng.uniform(0.0, knobs.snr_spread_db), make) for snr, make in makers if snr is not None]
