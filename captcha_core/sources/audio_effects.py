"""What makes speech harder to understand: noise, another speed or pitch, a room's echo, a telephone line."""

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np

BABBLERS = 6
FRAME_S = 0.03
SEARCH_S = 0.008
MIN_REVERB_S = 0.05
TELEPHONE_BAND_HZ = (300.0, 3_400.0)
MU = 255.0


def white(rng: np.random.Generator, count: int) -> np.ndarray:
    """Return white noise, float32 (count,), of power 1."""
    return rng.standard_normal(count, dtype=np.float32)


def pink(rng: np.random.Generator, count: int) -> np.ndarray:
    """Return noise whose power falls by 3 dB an octave, float32 (count,)."""
    length = 1 << (count - 1).bit_length()
    spectrum = np.fft.rfft(rng.standard_normal(length, dtype=np.float32))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum), dtype=np.float32), 1.0))
    return np.asarray(np.fft.irfft(spectrum, length)[:count], np.float32)


def chatter(rng: np.random.Generator, count: int, pieces: Sequence[np.ndarray], backwards: bool) -> np.ndarray:
    """Return one voice saying random pieces without a pause, forwards or backwards, float32 (count,)."""
    parts, length = [], 0
    while length < count:
        piece = pieces[int(rng.integers(len(pieces)))]
        parts.append(piece[::-1] if backwards else piece)
        length += len(piece)
    start = int(rng.integers(length - count + 1))
    return np.concatenate(parts)[start : start + count]


def babble(rng: np.random.Generator, count: int, voices: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
    """Return several voices speaking at once, float32 (count,)."""
    return np.asarray(np.sum([chatter(rng, count, voices[k % len(voices)], False) for k in range(BABBLERS)], axis=0))


def add_noises(
    samples: np.ndarray,
    spoken: np.ndarray,
    noises: Sequence[tuple[float, Callable[[int], np.ndarray]]],
) -> np.ndarray:
    """Return samples with each noise added at its ratio.

    Args:
        samples: float32 (N,).
        spoken: bool (N,), where the characters are; the signal's power is taken there alone, pauses do not count.
        noises: Ratios in decibels, each with a function of N that makes the noise.
    """
    signal = float(np.square(samples[spoken], dtype=np.float64).mean()) if spoken.any() else 0.0
    mixed = samples
    for snr_db, make in noises:
        noise = make(len(samples))
        power = float(np.square(noise, dtype=np.float64).mean())
        if signal > 0.0 and power > 0.0:
            mixed = mixed + noise * np.float32(np.sqrt(signal / power / 10.0 ** (snr_db / 10.0)))
    return mixed


def faster(samples: np.ndarray, factor: float) -> np.ndarray:
    """Return the samples played ``factor`` times as fast, their pitch moving with it: float32 (N / factor,)."""
    from captcha_core.sources.audio_kernels import play

    return play(samples, factor) if factor != 1.0 else samples


def higher(samples: np.ndarray, rate_hz: int, semitones: float) -> np.ndarray:
    """Return the samples with their pitch moved and their length kept, float32 (N,).

    Played faster, then stretched back by overlapping frames where they match best (WSOLA; Verhelst and Roelands,
    1993).
    """
    if semitones == 0.0:
        return samples
    from captcha_core.sources.audio_kernels import stretch

    moved = faster(samples, 2.0 ** (semitones / 12.0))
    return stretch(moved, len(samples), int(FRAME_S * rate_hz) // 2 * 2, int(SEARCH_S * rate_hz))


def reverberate(samples: np.ndarray, rng: np.random.Generator, rate_hz: int, reverb_s: float) -> np.ndarray:
    """Return the samples as heard in a room, float32 (N,), cut at the original length.

    The room is noise that decays by 60 dB in ``reverb_s`` behind the direct sound (Moorer, 1979).
    """
    import scipy.signal

    count = max(2, int(reverb_s * rate_hz))
    tail = rng.standard_normal(count).astype(np.float32) * np.exp(-6.9 * np.arange(count) / count).astype(np.float32)
    tail *= np.float32(rng.uniform(0.2, 0.7) / np.sqrt(np.square(tail).sum()))
    tail[0] = 1.0
    return np.asarray(scipy.signal.fftconvolve(samples, tail)[: len(samples)], np.float32)


def through_telephone(samples: np.ndarray, rate_hz: int) -> np.ndarray:
    """Return the samples as a telephone carries them: 300 to 3,400 Hz, companded to 8 bits (ITU-T G.711, mu-law)."""
    import scipy.signal

    peak = max(float(np.abs(samples).max(initial=0.0)), 1e-9)
    narrow = scipy.signal.sosfilt(_band(rate_hz), samples / peak).clip(-1.0, 1.0)
    companded = np.sign(narrow) * np.log1p(MU * np.abs(narrow)) / np.log1p(MU)
    steps = np.rint(companded * 127.0) / 127.0
    return np.asarray(np.sign(steps) * np.expm1(np.abs(steps) * np.log1p(MU)) / MU * peak, np.float32)


@lru_cache(maxsize=8)
def _band(rate_hz: int) -> np.ndarray:
    import scipy.signal

    low, high = TELEPHONE_BAND_HZ
    return np.asarray(scipy.signal.butter(4, (low, min(high, 0.45 * rate_hz)), "bandpass", fs=rate_hz, output="sos"))
