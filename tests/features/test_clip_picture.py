"""The picture of a clip: something where there is sound, characters where they were read."""

import numpy as np
import pytest

from captcha_core.features.clip_picture import HEIGHT_PX, LABELS_PX, PAGE, SPAN, WAVE, WAVE_PX, WIDTH_PX, draw_clip
from captcha_core.spec.answer import Character

RATE_HZ = 8_000


def _clip() -> np.ndarray:
    """Silence but for a tone of 1 kHz in the second quarter."""
    samples = np.zeros(4 * RATE_HZ, np.float32)
    samples[RATE_HZ : 2 * RATE_HZ] = 0.5 * np.sin(2 * np.pi * 1_000 * np.arange(RATE_HZ) / RATE_HZ)
    return samples


def _columns(picture: np.ndarray, colour: tuple[int, int, int], top: int, bottom: int) -> np.ndarray:
    return np.flatnonzero((picture[top:bottom] == colour).all(axis=2).sum(axis=0) >= 3)


def test_waveform_and_spectrogram_show_where_the_sound_is() -> None:
    picture = draw_clip(_clip(), RATE_HZ)
    assert picture.shape == (HEIGHT_PX, WIDTH_PX, 3) and picture.dtype == np.uint8
    wave = _columns(picture, WAVE, LABELS_PX, LABELS_PX + WAVE_PX)
    assert abs(wave.min() - WIDTH_PX / 4) <= 2 and abs(wave.max() - WIDTH_PX / 2) <= 2
    spectrum = picture[LABELS_PX + WAVE_PX : HEIGHT_PX - 20].astype(int).sum(axis=2)
    brightest = np.unravel_index(spectrum.argmax(), spectrum.shape)
    assert WIDTH_PX / 4 < brightest[1] < WIDTH_PX / 2
    assert spectrum[:, WIDTH_PX * 3 // 4].max() < 100 < spectrum[brightest]


def test_characters_stand_at_their_times() -> None:
    read = [Character("7", 0.9, span_s=(1.0, 2.0)), Character("Q", 0.8)]
    picture = draw_clip(_clip(), RATE_HZ, read)
    marked = _columns(picture, SPAN, 0, LABELS_PX)
    assert abs(marked.min() - WIDTH_PX / 4) <= 1 and abs(marked.max() - WIDTH_PX / 2) <= 1
    dark = np.flatnonzero((picture[:LABELS_PX].sum(axis=2) < 200).any(axis=0))
    assert len(dark) and abs(dark.mean() - WIDTH_PX * 3 / 8) < 8


def test_without_characters_the_band_is_empty() -> None:
    assert (draw_clip(_clip(), RATE_HZ)[:LABELS_PX] == PAGE).all()


@pytest.mark.parametrize("count", [1, 300, 40_000])
def test_any_length_can_be_drawn(count: int) -> None:
    samples = np.random.default_rng(0).uniform(-1, 1, count).astype(np.float32)
    assert draw_clip(samples, RATE_HZ).shape == (HEIGHT_PX, WIDTH_PX, 3)
