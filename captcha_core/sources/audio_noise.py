"""Noise at a given signal to noise ratio."""

from collections.abc import Callable, Sequence

import numpy as np

BABBLERS = 6


def white(rng: np.random.Generator, count: int) -> np.ndarray:
    """Return white noise, float32 (count,), of power 1."""
    return rng.standard_normal(count, dtype=np.float32)


def pink(rng: np.random.Generator, count: int) -> np.ndarray:
    """Return noise whose power falls by 3 dB an octave, float32 (count,)."""
    length = 1 << (count - 1).bit_length()
    spectrum = np.fft.rfft(rng.standard_normal(length, dtype=np.float32))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum), dtype=np.float32), 1.0))
    return np.fft.irfft(spectrum, length)[:count]


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
    return np.sum([chatter(rng, count, voices[k % len(voices)], False) for k in range(BABBLERS)], axis=0)


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
