"""Small distortions of log-mel spectrograms that make few real clips go far.

All is done on the levels themselves: of two sounds at once a band shows hardly more than the louder one, so clips are
laid over one another by the larger level.
"""

from functools import lru_cache

import cv2
import numpy as np

SPEED, PITCH, PITCH_BANDS = 0.15, 0.06, 1.0
DELAY_FRAMES = 10.0
GAIN_DB = 10.0
BEHIND_DB = (-25.0, -6.0)  # another clip of the batch
HISS_LEVEL, HISS_TILT, HISS_SPREAD = (60.0, 170.0), 40.0, 14.0  # in levels of 0 to 255
MASKS, MASK_FRAMES, MASK_BANDS = 2, 8, 8
_HISS_FRAMES, _HISS_BLOCKS = 256, 64


def augment_clips(levels: np.ndarray, rng: np.random.Generator, strength: float, levels_a_db: float) -> np.ndarray:
    """Return uint8 (B, T, M) with each clip played faster or slower, higher or lower, sooner, louder or under noise.

    At full strength up to 15 % in speed and 6 % in pitch; half of the clips have another one of the batch behind them,
    6 to 25 dB below, and half a hiss of some colour; up to two stretches of eight frames and of eight bands are
    silenced (Park et al., SpecAugment, 2019).

    Args:
        levels: uint8 (B, T, M).
        rng: Source of every choice.
        strength: 0 (nothing) to 1.
        levels_a_db: Levels that one decibel takes.
    """
    out = np.empty_like(levels)
    for index in range(len(levels)):
        clip = _moved(levels[index], rng, strength)
        clip += np.float32(strength * rng.uniform(-GAIN_DB, GAIN_DB) * levels_a_db) * (clip > 0)
        if rng.random() < 0.5 * strength:
            other = np.roll(levels[rng.integers(len(levels))], rng.integers(levels.shape[1]), axis=0)
            clip = np.maximum(clip, other + np.float32(rng.uniform(*BEHIND_DB) * levels_a_db))
        if rng.random() < 0.5 * strength:
            clip = np.maximum(clip, _hiss(clip.shape, rng))
        _silence(clip, rng, strength)
        out[index] = np.clip(clip, 0, 255)
    return out


def _moved(clip: np.ndarray, rng: np.random.Generator, strength: float) -> np.ndarray:
    """Return float32 (T, M) of a clip in another speed and pitch, and a little later, as far as there is room."""
    frames, bands = clip.shape
    longer, pitch = 1 + strength * rng.uniform(-1, 1, 2) * (SPEED, PITCH)
    higher, later = strength * rng.uniform(-PITCH_BANDS, PITCH_BANDS), strength * rng.uniform(0, DELAY_FRAMES)
    used = int(np.flatnonzero(clip.any(axis=1)).max(initial=0)) + 1
    longer, later = min(longer, frames / used), min(later, max(0.0, frames - longer * used))  # nothing is cut off
    matrix = np.array([[pitch, 0, higher], [0, longer, later]], np.float32)
    return cv2.warpAffine(clip, matrix, (bands, frames), flags=cv2.INTER_LINEAR).astype(np.float32)


def _hiss(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Return steady noise, float32 (T, M), of some loudness that rises or falls with the pitch."""
    frames, bands = shape
    blocks = rng.integers(0, _HISS_BLOCKS, -(-frames // _HISS_FRAMES))
    slope = np.linspace(-1, 1, bands, dtype=np.float32) * np.float32(rng.uniform(-HISS_TILT, HISS_TILT))
    steady: np.ndarray = _noise(bands)[blocks].reshape(-1, bands)[:frames]
    loud: np.ndarray = steady + slope + np.float32(rng.uniform(*HISS_LEVEL))
    return loud


@lru_cache(maxsize=4)
def _noise(bands: int) -> np.ndarray:
    """Drawn once: random numbers for every clip would take longer than all else."""
    rng = np.random.default_rng(9)
    return rng.normal(0, HISS_SPREAD, (_HISS_BLOCKS, _HISS_FRAMES, bands)).astype(np.float32)


def _silence(clip: np.ndarray, rng: np.random.Generator, strength: float) -> None:
    for axis, longest in ((0, MASK_FRAMES), (1, MASK_BANDS)):
        for _ in range(rng.integers(0, MASKS + 1)):
            width = min(int(rng.integers(0, round(strength * longest) + 1)), clip.shape[axis])
            first = int(rng.integers(0, clip.shape[axis] - width + 1))
            clip[(slice(None),) * axis + (slice(first, first + width),)] = 0
