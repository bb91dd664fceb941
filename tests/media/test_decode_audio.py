"""Audio decoding: what is taken, and what is refused before memory is."""

import io
import struct

import numpy as np
import pytest
import soundfile

from captcha_core.errors import DataError
from captcha_core.media.audio import MAX_BYTES, decode_audio, encode_flac, encode_wav

RATE_HZ = 8_000


def tone(seconds: float = 1.0, rate_hz: int = RATE_HZ, channels: int = 1) -> np.ndarray:
    wave = 0.5 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate_hz)) / rate_hz).astype(np.float32)
    return np.repeat(wave[:, None], channels, axis=1) if channels > 1 else wave


def written(samples: np.ndarray, rate_hz: int, kind: str, subtype: str | None = None) -> bytes:
    file = io.BytesIO()
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    with soundfile.SoundFile(file, "w", rate_hz, channels, subtype, format=kind) as sound:
        for start in range(0, len(samples), 65_536):  # libvorbis overflows its stack on one long write
            sound.write(samples[start : start + 65_536])
    return file.getvalue()


def wav(rate_hz: int = RATE_HZ, channels: int = 1, data: bytes = bytes(800), claimed: int | None = None) -> bytes:
    """A 16-bit WAV file with any header."""
    size = len(data) if claimed is None else claimed
    align = channels * 2 & 0xFFFF
    form = struct.pack("<HHIIHH", 1, channels, rate_hz, (rate_hz * align) & 0xFFFFFFFF, align, 16)
    body = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", size) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


KINDS = "WAV PCM_16", "WAV PCM_U8", "WAV FLOAT", "FLAC PCM_24", "OGG VORBIS", "OGG OPUS", "MP3 MPEG_LAYER_III"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("rate_hz", "channels"), [(8_000, 1), (48_000, 2), (16_000, 2)])
def test_every_format_rate_and_channel_count_gives_the_same_sound(kind: str, rate_hz: int, channels: int) -> None:
    media = written(tone(1.0, rate_hz, channels), rate_hz, *kind.split())
    samples = decode_audio(media, RATE_HZ, max_seconds=2.0)
    assert samples.dtype == np.float32 and samples.ndim == 1
    assert abs(len(samples) - RATE_HZ) < RATE_HZ * 0.2  # MP3 pads
    middle = samples[2_000:6_000]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert abs(spectrum.argmax() * RATE_HZ / len(middle) - 440) < 3
    assert 0.4 < np.abs(middle).max() < 0.6


def test_channels_are_averaged_and_overshoot_is_clipped() -> None:
    stereo = np.stack([1.5 * tone(), 0.5 * tone()], axis=1)
    assert np.allclose(decode_audio(written(stereo, RATE_HZ, "WAV", "FLOAT"), RATE_HZ, 2.0), tone(), atol=1e-6)
    loud = decode_audio(written(3 * tone(), RATE_HZ, "WAV", "FLOAT"), RATE_HZ, 2.0)
    assert loud.max() == 1.0 and loud.min() == -1.0


@pytest.mark.parametrize("encode", [encode_flac, encode_wav])
def test_encoding_is_exact_for_16_bits_and_repeatable(encode: object) -> None:
    samples = np.random.default_rng(0).integers(-32768, 32768, 4_000).astype(np.float32) / 32768
    media = encode(samples, RATE_HZ)  # type: ignore[operator]
    assert media == encode(samples, RATE_HZ)  # type: ignore[operator]
    assert decode_audio(media, RATE_HZ, 1.0).tobytes() == samples.tobytes()


REFUSED = {
    "no bytes": (b"", "no bytes at all"),
    "text renamed": (b"these are words, not sound", "expected a WAV, FLAC, OGG, MP3 or AIFF file"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(100), "a PNG picture"),
    "an unknown kind": (written(tone(), RATE_HZ, "AU"), "expected a WAV, FLAC, OGG, MP3 or AIFF file"),
    "zero samples": (wav(data=b""), "no samples"),
    "silence": (wav(), "received silence"),
    "constant level": (wav(data=struct.pack("<h", 9_000) * 800), "received silence"),
    "65,535 channels": (wav(channels=65_535), "channels|cannot be decoded"),
    "nine channels": (wav(channels=9, data=bytes(1_800)), "at most 8 channels, received 9"),
    "100 MHz": (wav(rate_hz=100_000_000), "received 100,000,000 Hz"),
    "1 Hz": (wav(rate_hz=1), "received 1 Hz"),
    "lying header": (wav(claimed=2**30), "the file is cut short"),
    "cut short": (encode_wav(tone(), RATE_HZ)[:-4_000], "the file is cut short"),
    "cut FLAC": (encode_flac(np.random.default_rng(0).uniform(-1, 1, 8_000), RATE_HZ)[:6_000], "cut short|cannot be"),
    "nothing but a magic": (b"OggS" + bytes(60), "a damaged page at byte 0"),
    "nothing but a RIFF": (b"RIFF\x00\x00\x00\x00WAVE", "cannot be decoded"),
    "NaN": (written(np.full(800, np.nan, np.float32), RATE_HZ, "WAV", "FLOAT"), "received NaN"),
    "infinite": (written(np.array([0, np.inf] * 400, np.float32), RATE_HZ, "WAV", "FLOAT"), "received NaN or infinite"),
    "unscaled": (written(tone() * 20_000, RATE_HZ, "WAV", "FLOAT"), "expected samples between -1 and 1"),
    "too long": (encode_flac(tone(2.5), RATE_HZ), "at most 2 seconds, received 2.5"),
    "too many bytes": (wav(data=bytes(MAX_BYTES)), "expected audio of at most"),
}


@pytest.mark.parametrize(("media", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_bad_input_is_refused_in_one_sentence(media: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message) as refusal:
        decode_audio(media, RATE_HZ, max_seconds=2.0)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("kind", ["OGG", "FLAC", "MP3"])
def test_an_hour_in_a_small_file_is_refused_without_decoding_it(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    media = written(np.zeros(3_600 * RATE_HZ, np.float32), RATE_HZ, kind)
    assert len(media) < MAX_BYTES
    monkeypatch.setattr(soundfile.SoundFile, "read", lambda *_, **__: pytest.fail("decoded before the length was seen"))
    with pytest.raises(DataError, match=r"received 3,6.*longer clips are refused, not cut"):
        decode_audio(media, RATE_HZ, max_seconds=30.0)
