"""Distorted spectrograms: other numbers, the same clips."""

import numpy as np

from captcha_core.features.audio import LogMelFeatures
from captcha_core.spec.captcha import CaptchaSpec

SPEC = CaptchaSpec.build(
    media="audio", alphabet="0123456789", min_length=4, max_length=8, sample_rate_hz=8_000, max_seconds=3.0
)
FEATURES = LogMelFeatures.of(SPEC)


def clips(count: int = 8) -> np.ndarray:
    """A tone that comes and goes, ending with a beep."""
    time = np.arange(int(2.9 * 8_000)) / 8_000
    tone = 0.2 * np.sin(2 * np.pi * 600 * time) * (time % 0.5 < 0.25)
    tone[-1_600:] = 0.5 * np.sin(2 * np.pi * 1_500 * time[-1_600:])
    return FEATURES.encode([tone.astype(np.float32)] * count)


def test_the_same_numbers_come_from_the_same_seed_and_others_from_another() -> None:
    distort = FEATURES.augmentation(1.0)
    assert distort is not None
    one, same, other = (distort(clips(), np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(one, same) and not np.array_equal(one, other)
    assert one.dtype == np.uint8 and one.shape == clips().shape and not np.array_equal(one, clips())


def test_what_is_said_last_is_not_pushed_out_of_the_clip() -> None:
    distort = FEATURES.augmentation(1.0)
    assert distort is not None
    batch = clips(64)
    band = int(batch[0, -12].argmax())  # the beep's
    moved = distort(batch, np.random.default_rng(0))
    beeps = moved[:, -40:, band - 3 : band + 4].max(axis=(1, 2))
    assert np.mean(beeps > 150) > 0.9


def test_a_weak_distortion_changes_less_than_a_strong_one() -> None:
    weak, strong = FEATURES.augmentation(0.1), FEATURES.augmentation(1.0)
    assert weak is not None and strong is not None
    batch = clips(32)
    near, far = (np.abs(one(batch, np.random.default_rng(0)).astype(int) - batch).mean() for one in (weak, strong))
    assert near < far / 2
