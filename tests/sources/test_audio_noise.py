"""Noise, rooms, telephones, speed and pitch: measured, not looked at."""

import numpy as np
import pytest

from captcha_core.errors import SpecError
from captcha_core.sources import audio_mix, audio_speech
from captcha_core.sources.audio_effects import (
    add_noises,
    babble,
    chatter,
    faster,
    higher,
    pink,
    reverberate,
    through_telephone,
    white,
)
from captcha_core.sources.scheme import Scheme
from captcha_core.sources.schemes import get_scheme

RATE_HZ = 16_000
SPEECH = get_scheme("speech-alnum8")
PLAIN = SPEECH.turned(engine="builtin", max_speed_change=0.0)


def tone(hertz: float, seconds: float = 1.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE_HZ)) / RATE_HZ)).astype(np.float32)


def pitch(samples: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(spectrum.argmax()) * RATE_HZ / len(samples)


def band_power(samples: np.ndarray, low_hz: float, high_hz: float) -> float:
    power = np.abs(np.fft.rfft(samples)) ** 2
    hertz = np.fft.rfftfreq(len(samples), 1 / RATE_HZ)
    return float(power[(hertz >= low_hz) & (hertz < high_hz)].sum())


def test_white_noise_is_flat_and_pink_noise_falls_by_three_decibels_an_octave() -> None:
    rng = np.random.default_rng(0)
    octaves = [(500 * 2**k, 1_000 * 2**k) for k in range(3)]
    white_powers = [band_power(white(rng, 64_000), *band) for band in octaves]
    pink_powers = [band_power(pink(rng, 64_000), *band) for band in octaves]
    assert np.allclose(np.diff(10 * np.log10(white_powers)), 3.0, atol=0.6)
    assert np.allclose(np.diff(10 * np.log10(pink_powers)), 0.0, atol=0.6)


@pytest.mark.parametrize("snr_db", [-5.0, 0.0, 12.0])
def test_ratio_is_kept_where_the_characters_are(snr_db: float) -> None:
    rng = np.random.default_rng(1)
    samples = np.concatenate([tone(440), np.zeros(3 * RATE_HZ, np.float32)])
    spoken = np.arange(len(samples)) < RATE_HZ
    noise = add_noises(samples, spoken, [(snr_db, lambda count: white(rng, count))]) - samples
    measured = 10 * np.log10(np.mean(samples[spoken] ** 2) / np.mean(noise**2))
    assert abs(measured - snr_db) < 0.1


def test_chatter_is_pieces_forwards_or_backwards() -> None:
    piece = np.arange(1, 101, dtype=np.float32)
    rising = np.diff(chatter(np.random.default_rng(2), 1_000, [piece], backwards=False))
    falling = np.diff(chatter(np.random.default_rng(2), 1_000, [piece], backwards=True))
    assert (rising == 1).mean() > 0.98 and (falling == -1).mean() > 0.98
    assert len(babble(np.random.default_rng(3), 777, [[piece], [piece * 2]])) == 777


def test_faster_moves_length_and_pitch_together() -> None:
    assert faster(tone(440), 1.0).tobytes() == tone(440).tobytes()
    for factor in (0.8, 1.25):
        played = faster(tone(440), factor)
        assert abs(len(played) - RATE_HZ / factor) <= 1
        assert abs(pitch(played) - 440 * factor) < 2


@pytest.mark.parametrize("semitones", [-4.0, 0.0, 3.0])
def test_higher_moves_pitch_and_keeps_length_and_loudness(semitones: float) -> None:
    moved = higher(tone(440), RATE_HZ, semitones)
    assert len(moved) == RATE_HZ
    assert abs(pitch(moved) - 440 * 2 ** (semitones / 12)) < 6
    assert abs(np.std(moved[1_000:-1_000]) / np.std(tone(440)) - 1) < 0.1


def test_room_leaves_an_echo_that_dies_away() -> None:
    click = np.zeros(RATE_HZ, np.float32)
    click[100] = 1.0
    heard = reverberate(click, np.random.default_rng(4), RATE_HZ, reverb_s=0.4)
    assert len(heard) == len(click) and abs(heard[100] - 1.0) < 0.1
    early, late = heard[200:1_000].std(), heard[4_200:5_000].std()
    assert 0 < late < 0.2 * early
    assert heard[100 + int(0.4 * RATE_HZ) + 1 :].std() < 1e-6


def test_telephone_carries_its_band_alone() -> None:
    inside, below, above = (through_telephone(tone(hertz), RATE_HZ).std() for hertz in (1_000, 80, 6_000))
    assert inside > 0.3
    assert below < 0.03 * inside and above < 0.03 * inside


def test_each_knob_changes_the_clip_and_keeps_it_in_range() -> None:
    plain = audio_mix.mix_clip(PLAIN, 1, 0, "A1B2C3D4").samples
    knobs = [
        {"white_snr_db": 5.0}, {"pink_snr_db": 5.0}, {"babble_snr_db": 5.0}, {"reversed_snr_db": 5.0},
        {"reverb_share": 1.0}, {"telephone_share": 1.0}, {"overlap": 0.4}, {"max_speed_change": 0.2},
        {"max_pitch_change": 3.0}, {"min_pause_s": 0.2, "max_pause_s": 0.3},
    ]  # fmt: skip
    for change in knobs:
        clip = audio_mix.mix_clip(PLAIN.turned(**change), 1, 0, "A1B2C3D4").samples
        assert clip.shape != plain.shape or (clip != plain).any(), change
        assert np.isfinite(clip).all() and 0.1 < np.abs(clip).max() <= 1.0, change


def test_noise_goes_over_the_packages_layout_too() -> None:
    digits = get_scheme("audio-digits")
    quiet, noisy = (audio_mix.mix_clip(s, 1, 0, "1234") for s in (digits, digits.turned(babble_snr_db=0.0)))
    assert noisy.samples.std() > 1.2 * quiet.samples.std()
    assert (noisy.spans_s == quiet.spans_s).all()


def test_overlap_lays_characters_over_one_another() -> None:
    spans = audio_mix.mix_clip(PLAIN.turned(overlap=0.5, max_pause_s=0.02), 1, 0, "88888888").spans_s
    assert (spans[1:, 0] < spans[:-1, 1]).sum() >= 4
    assert (np.diff(spans[:, 0]) > 0).all()


def _voices(scheme: Scheme, indices: range) -> set[str]:
    return {audio_speech.alphabet_of(scheme, 1, index).voice for index in indices}


def test_held_out_voices_never_speak_and_chosen_ones_alone_do() -> None:
    held_out = ("en-US-nyc", "en-GB-scotland")
    heard = _voices(SPEECH.turned(held_out=held_out), range(24))
    assert len(heard) > 12 and not any(name.split("+")[0] in held_out for name in heard)
    assert {name.split("+")[0] for name in _voices(SPEECH.turned(voices=held_out), range(12))} == set(held_out)


def test_speakers_serve_several_clips_and_neighbours_differ() -> None:
    apart = audio_speech.POOL
    first = audio_speech.alphabet_of(SPEECH, 1, 5)
    assert audio_speech.alphabet_of(SPEECH, 1, 5 + apart).voice == first.voice
    assert len(_voices(SPEECH, range(8))) > 4
    next_round = audio_speech.alphabet_of(SPEECH, 1, 5 + apart * audio_speech.REUSE)
    assert any((next_round.pieces[key].shape != piece.shape) for key, piece in first.pieces.items())


def test_clips_longer_than_the_specification_are_refused() -> None:
    with pytest.raises(SpecError, match="shorten the pauses or raise max_seconds"):
        audio_mix.mix_clip(PLAIN.turned(min_pause_s=2.0, max_pause_s=2.0), 1, 0, "A1B2C3D4")
