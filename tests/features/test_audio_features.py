"""Log-mel against librosa, and what the audio features promise."""

import librosa
import numpy as np
import pytest

from captcha_core.errors import DataError
from captcha_core.features.audio import LogMelFeatures, SpectrogramPicture
from captcha_core.features.log_mel import log_mel, mel_filters
from captcha_core.media.audio import encode_flac, encode_wav
from captcha_core.spec.captcha import CaptchaSpec

SPEC = CaptchaSpec.build(
    media="audio", alphabet="0123456789", min_length=4, max_length=8, sample_rate_hz=8_000, max_seconds=3.0
)


def clip(seconds: float = 2.0, rate_hz: int = 8_000) -> np.ndarray:
    """Noise that swells and falls silent, with a tone in it."""
    rng = np.random.default_rng(0)
    time = np.arange(int(seconds * rate_hz)) / rate_hz
    sound = rng.normal(0, 0.05, len(time)) * np.abs(np.sin(3 * time)) + 0.3 * np.sin(2 * np.pi * 700 * time) * (
        time % 1 < 0.3
    )
    sound[len(time) // 2 : len(time) // 2 + rate_hz // 5] = 0.0
    return sound.astype(np.float32)


@pytest.mark.parametrize(("rate_hz", "window", "hop", "mels"), [(8_000, 256, 128, 40), (16_000, 512, 256, 64)])
def test_log_mel_is_librosas(rate_hz: int, window: int, hop: int, mels: int) -> None:
    samples = clip(2.0, rate_hz)
    bands = librosa.feature.melspectrogram(
        y=samples,
        sr=rate_hz,
        n_fft=window,
        hop_length=hop,
        n_mels=mels,
        fmin=60.0,
        fmax=rate_hz / 2,
        pad_mode="constant",
    )
    expected = librosa.power_to_db(bands, ref=np.max, top_db=80.0).T
    ours = log_mel(samples, rate_hz, window, hop, mels, 60.0, rate_hz / 2, 80.0)
    assert ours.shape == expected.shape
    assert np.abs(ours - expected).max() < 1e-3


@pytest.mark.parametrize(("rate_hz", "window", "mels"), [(8_000, 256, 40), (16_000, 512, 64), (44_100, 1_411, 128)])
def test_mel_filters_are_librosas(rate_hz: int, window: int, mels: int) -> None:
    theirs = librosa.filters.mel(sr=rate_hz, n_fft=window, n_mels=mels, fmin=60.0, fmax=rate_hz / 2)
    assert np.abs(mel_filters(rate_hz, window, mels, 60.0, rate_hz / 2).T - theirs).max() < 1e-8


@pytest.mark.parametrize("length", [1, 100, 127, 128, 129, 5_000])
def test_log_mel_has_librosas_frames(length: int) -> None:
    samples = clip()[:length] + np.float32(0.1)
    assert log_mel(samples, 8_000, 256, 128, 40, 60.0, 4_000.0, 80.0).shape == (1 + length // 128, 40)


def test_features_have_one_shape_and_follow_the_clip_with_zeros() -> None:
    features = LogMelFeatures.of(SPEC)
    levels = features.from_array(clip(1.0))
    assert levels.shape == features.shape == (188, 40) and levels.dtype == features.dtype == "uint8"
    own = 1 + 8_000 // features.hop
    assert levels[:own].max() == 255 and not levels[own:].any()
    decibels = features.decibels(clip(1.0))
    assert np.abs(levels[:own] / 255 * 80 - 80 - decibels).max() <= 0.16


def test_loudness_does_not_matter() -> None:
    features = LogMelFeatures.of(SPEC)
    assert np.abs(features.from_array(clip()).astype(int) - features.from_array(0.1 * clip())).max() <= 1


@pytest.mark.parametrize("kind", [LogMelFeatures, SpectrogramPicture])
@pytest.mark.parametrize("encode", [encode_flac, encode_wav])
def test_media_and_arrays_take_one_road(kind: type, encode: object) -> None:
    features = kind.of(SPEC)
    samples = np.round(clip() * 32768) / np.float32(32768)
    from_media = features.from_media(encode(samples, 8_000), SPEC)  # type: ignore[operator]
    assert (from_media == features.from_array(samples)).all()


def test_other_rates_look_the_same() -> None:
    features = LogMelFeatures.of(SPEC)
    same = features.from_array(clip()).astype(int)
    tripled = np.asarray(librosa.resample(clip(), orig_sr=8_000, target_sr=24_000), np.float32)
    other = features.from_media(encode_wav(tripled, 24_000), SPEC).astype(int)
    loud = same > 100
    assert np.abs(same - other)[loud][:-200].mean() < 3


@pytest.mark.parametrize("kind", [LogMelFeatures, SpectrogramPicture])
def test_clips_of_no_or_too_great_length_are_refused(kind: type) -> None:
    for samples in (np.empty(0, np.float32), clip(3.01)):
        with pytest.raises(DataError, match="expected a clip of up to 3 seconds"):
            kind.of(SPEC).from_array(samples)
    assert kind.of(SPEC).from_array(clip(3.0)).shape == kind.of(SPEC).shape


def test_picture_shows_low_tones_below_and_the_whole_clip() -> None:
    features = SpectrogramPicture.of(SPEC)
    time = np.arange(16_000) / 8_000
    sound = np.where(time < 1.0, np.sin(2 * np.pi * 500 * time), np.sin(2 * np.pi * 3_000 * time)).astype(np.float32)
    picture = features.from_array(sound)
    assert picture.shape == (64, 128, 1) and picture.dtype == np.uint8
    rows = picture[:, :, 0].argmax(axis=0)
    assert abs(int(np.median(rows[:60])) - (63 - 8)) <= 1  # 500 Hz of 4,000 is an eighth of the way up
    assert abs(int(np.median(rows[68:])) - (63 - 47)) <= 1
    assert picture.max() > 240  # a full-scale sine is near 0 dB


@pytest.mark.parametrize("count", [1, 50, 500])
def test_picture_of_a_very_short_clip_has_its_shape(count: int) -> None:
    assert SpectrogramPicture.of(SPEC).from_array(clip()[:count] + np.float32(0.1)).shape == (64, 128, 1)
