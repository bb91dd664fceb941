"""librosa's log-mel spectrogram in single precision: the same numbers, without its start-up time and double precision.

``librosa.power_to_db(librosa.feature.melspectrogram(...), ref=np.max, top_db=range_db)`` with centred frames, zero
padding, a Hann window, power spectra and Slaney's mel scale and filter areas (McFee et al., librosa, 2015).
"""

from functools import lru_cache
from typing import Any

import numpy as np

FLOOR_POWER = 1e-10  # librosa's amin: what silence counts as before the logarithm
FRAMES_AT_ONCE = 256  # more leave the cache, and memory given back after each clip costs more than the transform


def log_mel(
    samples: np.ndarray, rate_hz: int, window: int, hop: int, mels: int, low_hz: float, high_hz: float, range_db: float
) -> np.ndarray:
    """Return the log-mel spectrogram in decibels below the clip's loudest bin.

    Args:
        samples: float32 mono (N,), N at least 1.
        rate_hz: Samples a second.
        window: Length of a frame and of its Fourier transform in samples.
        hop: Samples from one frame to the next.
        mels: Number of mel bands M.
        low_hz: Lower edge of the first band.
        high_hz: Upper edge of the last band.
        range_db: Values further below the loudest bin are raised to this distance.

    Returns:
        float32 (T, M) in [-range_db, 0] with T = 1 + N // hop.
    """
    frames = _frames(samples, window, hop)
    filters = _sparse_filters(rate_hz, window, mels, low_hz, high_hz)
    bands = np.empty((len(frames), mels), np.float32)
    for first in range(0, len(frames), FRAMES_AT_ONCE):
        rows = slice(first, first + FRAMES_AT_ONCE)
        bands[rows] = (filters @ _power(frames[rows], window).T).T
    np.maximum(bands, np.float32(FLOOR_POWER), out=bands)
    np.log10(bands, out=bands)
    bands *= 10.0
    bands -= bands.max()
    return np.maximum(bands, np.float32(-range_db), out=bands)


def power_spectrum(samples: np.ndarray, window: int, hop: int) -> np.ndarray:
    """Return the power of each frequency in centred Hann-windowed frames, float32 (T, 1 + window // 2)."""
    return _power(_frames(samples, window, hop), window)


def _frames(samples: np.ndarray, window: int, hop: int) -> np.ndarray:
    padded = np.pad(np.asarray(samples, np.float32), window // 2)
    return np.lib.stride_tricks.sliding_window_view(padded, window)[::hop][: 1 + len(samples) // hop]


def _power(frames: np.ndarray, window: int) -> np.ndarray:
    import scipy.fft  # several rows at once, several times as fast as NumPy's

    spectrum = scipy.fft.rfft(frames * _hann(window), axis=1)
    power: np.ndarray = spectrum.real**2
    power += spectrum.imag**2
    return power


@lru_cache(maxsize=16)
def _sparse_filters(*settings: float) -> Any:
    """Sparse, since a band has few bins; a dense product runs on threads of its own, which cost eight times the work
    while a training has the processors."""
    import scipy.sparse

    return scipy.sparse.csr_array(mel_filters(*settings).T)


@lru_cache(maxsize=16)
def _hann(window: int) -> np.ndarray:
    return (0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(window) / window)).astype(np.float32)


@lru_cache(maxsize=16)
def mel_filters(rate_hz: int, window: int, mels: int, low_hz: float, high_hz: float) -> np.ndarray:
    """Return triangular filters of equal area on Slaney's mel scale, float32 (1 + window // 2, M)."""
    frequencies = np.fft.rfftfreq(window, 1.0 / rate_hz)
    edges = _mel_to_hz(np.linspace(_hz_to_mel(low_hz), _hz_to_mel(high_hz), mels + 2))
    rising = (frequencies[:, None] - edges[None, :-2]) / np.diff(edges)[None, :-1]
    falling = (edges[None, 2:] - frequencies[:, None]) / np.diff(edges)[None, 1:]
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    filters = np.asarray(triangles * (2.0 / (edges[2:] - edges[:-2]))[None, :], np.float32)
    filters.flags.writeable = False
    return filters


_LINEAR_HZ_PER_MEL = 200.0 / 3
_BREAK_HZ = 1_000.0
_BREAK_MEL = _BREAK_HZ / _LINEAR_HZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27.0  # Slaney's Auditory Toolbox: linear up to 1 kHz, 27 steps to 6.4 kHz


def _hz_to_mel(hz: float) -> float:
    return hz / _LINEAR_HZ_PER_MEL if hz < _BREAK_HZ else _BREAK_MEL + float(np.log(hz / _BREAK_HZ)) / _LOG_STEP


def _mel_to_hz(mel: np.ndarray) -> np.ndarray:
    above = _BREAK_HZ * np.exp(_LOG_STEP * (mel - _BREAK_MEL))
    return np.asarray(np.where(mel < _BREAK_MEL, mel * _LINEAR_HZ_PER_MEL, above))
