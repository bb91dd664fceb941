"""Faster, slower, higher and lower."""

import numpy as np

FRAME_S = 0.03
SEARCH_S = 0.008


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
