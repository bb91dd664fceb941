"""Clips as programs and telephones write them: without a length in the header, in other containers."""

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from captcha_core.errors import DataError
from captcha_core.media.audio import decode_audio, encode_wav
from captcha_core.media.mp3 import recounted
from captcha_core.media.sniff import kind_of, suffix_of
from captcha_core.sources.folders import list_labelled
from captcha_core.sources.import_spec import SpecOverrides, spec_of
from captcha_core.sources.import_survey import survey
from tests.sources.labelled_files import TEXTS, fill

RATE_HZ = 8000
TONE = np.sin(np.arange(RATE_HZ // 2) / 5).astype(np.float32) / 2
WAV = encode_wav(TONE, RATE_HZ)


def with_lengths(riff: int, data: int) -> bytes:
    at = WAV.index(b"data") + 4
    return WAV[:4] + riff.to_bytes(4, "little") + WAV[8:at] + data.to_bytes(4, "little") + WAV[at + 4 :]


@pytest.mark.parametrize(
    ("riff", "data"),
    [(0, 0), (0xFFFFFFFF, 0xFFFFFFFF), (0x7FFFF024, 0x7FFFF000), (0xFFFFFFFF, 0xFFFFFFDB), (0, 0xFFFFFFFF)],
)
def test_a_wav_written_to_a_pipe_is_read_whole(riff: int, data: int) -> None:
    assert np.array_equal(decode_audio(with_lengths(riff, data), RATE_HZ, 2.0), decode_audio(WAV, RATE_HZ, 2.0))


def test_a_wav_cut_short_is_still_refused() -> None:
    with pytest.raises(DataError, match="the file is cut short"):
        decode_audio(WAV[:-100], RATE_HZ, 2.0)


def test_aiff_is_read() -> None:
    file = io.BytesIO()
    soundfile.write(file, TONE, RATE_HZ, format="AIFF")
    media = file.getvalue()
    assert kind_of(media) == "audio" and suffix_of(media) == ".aiff"
    assert np.abs(decode_audio(media, RATE_HZ, 2.0) - TONE).max() < 1e-3


def test_mp3_is_read_whatever_its_ending(tmp_path: Path) -> None:
    file = io.BytesIO()
    soundfile.write(file, np.tile(TONE, 2), RATE_HZ, format="MP3")
    seen = survey(list_labelled(fill(tmp_path, {f"{text}.mpg": file.getvalue() for text in TEXTS[:1]})))
    assert [entry.text for entry in seen.entries] == ["0421"]


@pytest.mark.parametrize(
    ("head", "named"),
    [
        (b"\0\0\0\x1cftypM4A ", "an M4A clip"),
        (b"\0\0\0\x1cftypisom", "an MP4 clip"),
        (b"\xff\xf1\x50\x80", "an AAC clip"),
        (b"\xff\xf9\x50\x80", "an AAC clip"),
        (b"\x1aE\xdf\xa3", "a WebM or Matroska clip"),
        (b"#!AMR\n", "an AMR clip"),
        (b"\0\0\1\xba", "an MPEG video"),
    ],
)
def test_clips_that_are_not_read_are_named(head: bytes, named: str, tmp_path: Path) -> None:
    clips = {f"{text}.wav": encode_wav(TONE * (0.5 + int(text) / 20_000), RATE_HZ) for text in TEXTS}
    seen = survey(list_labelled(fill(tmp_path, clips | {"1111.m4a": head + bytes(100)})))
    assert [reject.name for reject in seen.rejects] == ["1111.m4a"]
    assert f"received {named}" in seen.rejects[0].reason and "convert it to WAV or FLAC" in seen.rejects[0].reason


def test_a_clip_a_little_longer_than_those_imported_is_heard_later(tmp_path: Path) -> None:
    clips = {f"{text}.wav": encode_wav(TONE * (0.5 + int(text) / 20_000), RATE_HZ) for text in TEXTS}
    seen = survey(list_labelled(fill(tmp_path, clips)))
    spec = spec_of(seen, SpecOverrides())
    longest = max(one.seconds for one in seen.clips)
    later = encode_wav(np.resize(TONE, int(1.05 * longest * RATE_HZ)), RATE_HZ)
    assert len(decode_audio(later, RATE_HZ, spec.seconds)) > longest * RATE_HZ
    assert spec_of(seen, SpecOverrides(max_seconds=2.0)).max_seconds == 2.0


def mp3(tone_hz: float, rate_hz: int) -> bytes:
    """A second of a tone at a varying bit rate, as libsndfile writes it: its first frame counts the others."""
    file, time_s = io.BytesIO(), np.arange(rate_hz) / rate_hz
    soundfile.write(file, 0.4 * np.sin(2 * np.pi * tone_hz * time_s), rate_hz, format="MP3")
    return file.getvalue()


def loudest_hz(samples: np.ndarray, rate_hz: int) -> float:
    return float(np.abs(np.fft.rfft(samples)).argmax() * rate_hz / len(samples))


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100])
@pytest.mark.parametrize("tag", [b"", b"ID3\4\0\0\0\0\0\x0a" + bytes(10)], ids=["bare", "tagged"])
def test_joined_mp3_files_are_read_to_their_end(rate_hz: int, tag: bytes) -> None:
    """``cat a.mp3 b.mp3``: the first part counts its own frames, and the decoder stopped behind them."""
    first, second = mp3(440, rate_hz), mp3(880, rate_hz)
    assert recounted(first) == first and len(decode_audio(first, rate_hz, 10)) == rate_hz
    whole = decode_audio(tag + first + tag + second, rate_hz, 10)
    assert 2 * rate_hz <= len(whole) < 2.3 * rate_hz
    assert loudest_hz(whole[: rate_hz // 2], rate_hz) == pytest.approx(440, abs=5)
    assert loudest_hz(whole[-rate_hz // 2 :], rate_hz) == pytest.approx(880, abs=5)


def test_an_mp3_of_varying_bit_rate_without_a_count_is_read_to_its_end() -> None:
    media = mp3(440, 16_000)
    without = media[media.index(b"\xff\xf3", 10) :]
    assert b"Info" not in without and b"Xing" not in without
    assert 16_000 <= len(decode_audio(without, 16_000, 10)) < 18_000
