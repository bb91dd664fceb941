"""Clips that say everything twice: the second time is found, and nothing is found where nothing repeats."""

import numpy as np
import pytest

from captcha_core.errors import DataError
from captcha_core.features.audio import LogMelFeatures
from captcha_core.features.repetition import last_pass
from captcha_core.spec.captcha import CaptchaSpec

RATE_HZ = 8_000
SPEC = CaptchaSpec.build(
    media="audio", alphabet="0123456789", min_length=4, max_length=8, sample_rate_hz=RATE_HZ, max_seconds=12.0
)


def noise(seconds: float, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, int(seconds * RATE_HZ)).astype(np.float32)


def twice(hiss: float = 0.0) -> np.ndarray:
    """Say four seconds twice: behind a second of an introduction, and a second between."""
    said = noise(4.0, 1)
    clip = np.concatenate([noise(1.0, 2), said, noise(1.0, 3), said])
    return clip + np.float32(hiss) * np.random.default_rng(4).normal(0, 0.1, len(clip)).astype(np.float32)


@pytest.mark.parametrize("hiss", [0.0, 0.5])
def test_the_second_time_is_found_whole_and_the_first_is_left_out(hiss: float) -> None:
    clip = twice(hiss)
    found = last_pass(clip)
    assert found is not None and len(found) == 5 * RATE_HZ and np.array_equal(found, clip[-5 * RATE_HZ :])


@pytest.mark.parametrize(
    "clip",
    [noise(6.0, 1), noise(5.0, 5), np.zeros(100, np.float32), noise(0.0001, 1)],
)
def test_nothing_is_found_where_nothing_repeats(clip: np.ndarray) -> None:
    assert last_pass(clip) is None


def test_features_of_such_clips_see_one_pass_and_know_no_times() -> None:
    both = LogMelFeatures.of(SPEC)
    once = LogMelFeatures.model_validate({**both.model_dump(), "said_twice": True, "max_seconds": 5.0})
    clip = twice()
    assert once.shape[0] < both.shape[0] / 2
    assert np.array_equal(once.from_array(clip), once.from_array(clip[-5 * RATE_HZ :]))
    assert once.step_s(20) is None and both.step_s(20) is not None


def test_a_long_clip_that_says_it_once_is_refused_with_what_is_expected() -> None:
    once = LogMelFeatures.model_validate(
        {**LogMelFeatures.of(SPEC).model_dump(), "said_twice": True, "max_seconds": 5.0}
    )
    with pytest.raises(DataError, match=r"up to 5 seconds, or one that says that twice, received 8\.00"):
        once.from_array(noise(8.0, 7))
