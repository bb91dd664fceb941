"""What lies between the speaker and the recording: a room's echo, a telephone line."""

from functools import lru_cache

import numpy as np

MIN_REVERB_S = 0.05
TELEPHONE_BAND_HZ = (300.0, 3_400.0)
MU = 255.0


def reverberate(samples: np.ndarray, rng: np.random.Generator, rate_hz: int, reverb_s: float) -> np.ndarray:
    """Return the samples as heard in a room, float32 (N,), cut at the original length.

    The room is noise that decays by 60 dB in ``reverb_s`` behind the direct sound (Moorer, 1979).
    """
    import scipy.signal

    count = max(2, int(reverb_s * rate_hz))
    tail = rng.standard_normal(count).astype(np.float32) * np.exp(-6.9 * np.arange(count) / count).astype(np.float32)
    tail *= np.float32(rng.uniform(0.2, 0.7) / np.sqrt(np.square(tail).sum()))
    tail[0] = 1.0
    return scipy.signal.fftconvolve(samples, tail)[: len(samples)].astype(np.float32)


def through_telephone(samples: np.ndarray, rate_hz: int) -> np.ndarray:
    """Return the samples as a telephone carries them: 300 to 3,400 Hz, companded to 8 bits (ITU-T G.711, mu-law)."""
    import scipy.signal

    peak = max(float(np.abs(samples).max(initial=0.0)), 1e-9)
    narrow = scipy.signal.sosfilt(_band(rate_hz), samples / peak).clip(-1.0, 1.0)
    companded = np.sign(narrow) * np.log1p(MU * np.abs(narrow)) / np.log1p(MU)
    steps = np.rint(companded * 127.0) / 127.0
    return (np.sign(steps) * np.expm1(np.abs(steps) * np.log1p(MU)) / MU * peak).astype(np.float32)


@lru_cache(maxsize=8)
def _band(rate_hz: int) -> np.ndarray:
    import scipy.signal

    low, high = TELEPHONE_BAND_HZ
    return scipy.signal.butter(4, (low, min(high, 0.45 * rate_hz)), "bandpass", fs=rate_hz, output="sos")
