"""Audio bytes to arrays and back, with limits that are checked before memory is taken."""

import io
from typing import TYPE_CHECKING

import numpy as np

from captcha_core.errors import DataError
from captcha_core.media.mp3 import recounted
from captcha_core.media.ogg import check_pages
from captcha_core.media.sniff import OGG, describe, format_of, remedy
from captcha_core.media.structure import check_structure, riff_chunks

if TYPE_CHECKING:
    from soundfile import SoundFile

MAX_BYTES = 16 * 2**20
MIN_RATE_HZ = 4_000
MAX_RATE_HZ = 192_000
MAX_CHANNELS = 8
MAX_PEAK = 4.0  # float files may overshoot 1 a little; beyond this they hold no audio in [-1, 1]
SILENT_SWING = 2e-4  # highest minus lowest value below which a clip counts as silence (3 steps of 16 bits)
BLOCK_FRAMES = 65_536
UNKNOWN_BYTES = 0x7FFF0000  # lengths of WAV data from here on are what programs write that do not know them
FORMATS = {"WAV": "WAV", "WAVEX": "WAV", "FLAC": "FLAC", "OGG": "OGG", "MP3": "MP3", "AIFF": "AIFF"}


def decode_audio(media: bytes, rate_hz: int, max_seconds: float) -> np.ndarray:
    """Decode an audio file of any usual kind, rate and channel count.

    Channels are averaged, other rates are resampled (soxr, high quality), values beyond [-1, 1] are clipped. Only as
    much is decoded as the limit allows: a longer clip is refused, never cut.

    Args:
        media: WAV, FLAC, OGG (Vorbis or Opus) or MP3 bytes.
        rate_hz: Rate of the result.
        max_seconds: The longest clip that is taken.

    Returns:
        float32 mono samples (N,) in [-1, 1].

    Raises:
        DataError: If the bytes are no such file, are cut short, exceed the limits, hold NaN or only silence.
    """
    samples, own_hz = decode_at_own_rate(media, max_seconds)
    resampled = _resample(samples, own_hz, rate_hz)
    return resampled[: int(max_seconds * rate_hz)]  # a clip of just the limit may gain a sample by rounding


def decode_at_own_rate(media: bytes, max_seconds: float) -> tuple[np.ndarray, int]:
    """Decode as :func:`decode_audio` does, and return the samples (N,) at the file's own rate, and that in Hz.

    Raises:
        DataError: As :func:`decode_audio`.
    """
    import soundfile

    if len(media) > MAX_BYTES:
        raise DataError(f"expected audio of at most {MAX_BYTES:,} bytes, received {len(media):,}; make it shorter.")
    found = format_of(media)
    if found is None or found.kind != "audio":
        raise DataError(f"expected a WAV, FLAC, OGG, MP3 or AIFF file, received {describe(media)}; {remedy(media)}.")
    check_structure(media)
    media = recounted(_with_length(media))
    if media.startswith(OGG):
        check_pages(media)  # the decoder also loses some kilobytes for each damaged file that it begins
    try:
        with soundfile.SoundFile(io.BytesIO(media)) as file:
            _check_header(file.format, file.samplerate, file.channels, file.frames, max_seconds)
            own_hz, claimed = int(file.samplerate), file.frames
            samples = _read_mono(file, int(max_seconds * own_hz))
    except (soundfile.SoundFileError, RuntimeError, EOFError):
        raise DataError(
            f"expected readable WAV, FLAC, OGG, MP3 or AIFF data, received {len(media):,} bytes that cannot be decoded"
            "; the file is damaged or holds an unsupported codec."
        ) from None
    if len(samples) == 0:
        raise DataError("expected a clip with sound in it, received a file with no samples; record it again.")
    if len(samples) > max_seconds * own_hz:
        raise _too_long(f"more than {max_seconds:g}", max_seconds)
    if len(samples) < claimed:
        raise DataError(
            f"expected {claimed:,} samples as the header says, received {len(samples):,}; the file is cut short."
        )
    _check_values(samples)
    return np.clip(samples, -1.0, 1.0), own_hz


def _with_length(media: bytes) -> bytes:
    """Return a WAV file with the length of its samples in the header, other files as they are.

    Programs that write to a pipe (ffmpeg, sox, espeak) leave 0 or the largest number there: all that follows counts.

    Raises:
        DataError: If the data chunk claims more bytes than follow: the decoder would take what is there.
    """
    if media[:4] != b"RIFF":
        return media
    for name, at, size in riff_chunks(media):
        there = len(media) - at
        if name != b"data":
            continue
        if size >= UNKNOWN_BYTES or (size == 0 and there):
            riff, data = ((len(media) - 8).to_bytes(4, "little"), there.to_bytes(4, "little"))
            return media[:4] + riff + media[8 : at - 4] + data + media[at:]
        if size > there:
            raise DataError(
                f"expected {size:,} bytes of samples as the WAV header says, received {there:,}; the file is cut short."
            )
        return media
    return media


def _check_header(kind: str, rate_hz: int, channels: int, frames: int, max_seconds: float) -> None:
    """Refuse by what the header says, before anything is decoded."""
    if kind not in FORMATS:
        raise DataError(f"expected a WAV, FLAC, OGG, MP3 or AIFF file, received {kind}; convert the file.")
    if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
        raise DataError(
            f"expected a sample rate of {MIN_RATE_HZ:,} to {MAX_RATE_HZ:,} Hz, received {rate_hz:,} Hz; resample it."
        )
    if channels > MAX_CHANNELS:
        raise DataError(f"expected at most {MAX_CHANNELS} channels, received {channels:,}; mix them down.")
    if frames > max_seconds * rate_hz:
        raise _too_long(f"{frames / rate_hz:,.1f}", max_seconds)


def _too_long(seconds: str, max_seconds: float) -> DataError:
    return DataError(
        f"expected a clip of at most {max_seconds:g} seconds, received {seconds}; send the captcha alone (longer clips "
        "are refused, not cut)."
    )


def _read_mono(file: "SoundFile", limit: int) -> np.ndarray:
    """Return the mean of the channels, at most a block more than ``limit`` frames whatever the header claims."""
    blocks: list[np.ndarray] = []
    total = 0
    while total <= limit:
        block = file.read(BLOCK_FRAMES, dtype="float32", always_2d=True)
        if not len(block):
            break
        blocks.append(block.mean(axis=1))
        total += len(block)
    return np.concatenate(blocks) if blocks else np.empty(0, np.float32)


def _check_values(samples: np.ndarray) -> None:
    if not np.isfinite(samples).all():
        raise DataError("expected finite samples, received NaN or infinite ones; the file is damaged.")
    low, high = float(samples.min()), float(samples.max())
    if max(-low, high) > MAX_PEAK:
        raise DataError(f"expected samples between -1 and 1, received {low:.3g} to {high:.3g}; scale the recording.")
    if high - low < SILENT_SWING:
        raise DataError("expected a clip with sound in it, received silence; check the recording.")


def _resample(samples: np.ndarray, from_hz: int, to_hz: int) -> np.ndarray:
    if from_hz == to_hz:
        return samples.astype(np.float32, copy=False)
    import soxr

    resampled = np.asarray(soxr.resample(samples, from_hz, to_hz, quality="HQ"), dtype=np.float32)
    if not len(resampled):
        raise DataError(f"expected a clip with sound in it, received only {len(samples)} samples; record it again.")
    return np.clip(resampled, -1.0, 1.0)


def encode_flac(samples: np.ndarray, rate_hz: int) -> bytes:
    """Encode mono samples (N,) in [-1, 1] as 16-bit FLAC; equal samples give equal bytes."""
    return _encode(samples, rate_hz, "FLAC")


def encode_wav(samples: np.ndarray, rate_hz: int) -> bytes:
    """Encode mono samples (N,) in [-1, 1] as 16-bit WAV."""
    return _encode(samples, rate_hz, "WAV")


def _encode(samples: np.ndarray, rate_hz: int, kind: str) -> bytes:
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, to_int16(samples), rate_hz, format=kind, subtype="PCM_16")
    return file.getvalue()


def to_int16(samples: np.ndarray) -> np.ndarray:
    """Return int16 samples (N,) such that decoding gives back every value that is a multiple of 1 / 32,768."""
    levels: np.ndarray = np.clip(np.rint(np.asarray(samples, np.float32) * 32768.0), -32768, 32767).astype(np.int16)
    return levels
