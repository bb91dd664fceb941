"""The `captcha` package's audio captcha, seeded and compiled: given the same draws, the same bytes.

AudioCaptcha plays three beeps, each character at a random speed and loudness with 1 to 3 seconds between, a beep at
the end, and behind it all a faint hiss and reversed characters. It works on unsigned 8-bit bytes at 8,000 Hz in plain
Python. Here every sped recording and every loudness and mixing table is made once, so a clip is three table look-ups
a byte. The one difference: AudioCaptcha can spoil a recording that it keeps (unchanged speed and loudness, laid over
the end of the clip), ours stay as they were read.
"""

import wave
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np

from captcha_core.errors import SpecError
from captcha_core.spec.captcha import DIGITS, UPPER

RATE_HZ = 8_000
CHARACTERS = DIGITS + UPPER
SPEEDS = tuple((percent + 90) / 100.0 for percent in range(31))
LEVELS = tuple((percent + 80) / 100.0 for percent in range(41))
BACKGROUND_SPEEDS = tuple((tenth + 8) / 10.0 for tenth in range(9))
BACKGROUND_LEVELS = tuple((tenth + 2) / 10.0 for tenth in range(5))
END_BEEP_SPEED = 1.4
MIN_PAUSE, MAX_PAUSE = RATE_HZ, 3 * RATE_HZ
MAX_GAP = RATE_HZ // 10
SILENCE = 128


@dataclass(frozen=True)
class Draws:
    """Everything random about one clip, as AudioCaptcha draws it.

    Args:
        voices: int64 (L, 3): for each character the index of its speed, the index of its loudness, the pause in bytes.
        background: int64 (N, 4): for each reversed sound its character, speed and loudness (indices) and the gap
            behind it in bytes. Only as many rows are used as the clip is long.
        hiss: Seed of the noise below 2**64, or the noise itself: uint8, at least as long as the clip.
    """

    voices: np.ndarray
    background: np.ndarray
    hiss: int | np.ndarray


@dataclass(frozen=True)
class _Tables:
    """What is the same in every clip: all sped recordings end to end, loudness and mixing tables, beeps."""

    bodies: np.ndarray
    starts: np.ndarray
    sizes: np.ndarray
    levels: np.ndarray
    mixing: np.ndarray
    intro: np.ndarray
    outro: np.ndarray


def draw(rng: np.random.Generator, text: str) -> Draws:
    """Draw one clip with AudioCaptcha's own distributions."""
    count = len(text)
    voices = np.empty((count, 3), np.int64)
    voices[:, 0] = rng.integers(len(SPEEDS), size=count)
    voices[:, 1] = rng.integers(len(LEVELS), size=count)
    voices[:, 2] = rng.integers(MIN_PAUSE, MAX_PAUSE + 1, size=count)
    shortest = int(_tables().sizes.min())
    enough = background_length(text, voices) // (shortest + 1) + 1
    background = np.empty((enough, 4), np.int64)
    background[:, 0] = rng.integers(len(CHARACTERS), size=enough)
    background[:, 1] = rng.integers(len(BACKGROUND_SPEEDS), size=enough)
    background[:, 2] = rng.integers(len(BACKGROUND_LEVELS), size=enough)
    background[:, 3] = rng.integers(MAX_GAP + 1, size=enough)
    return Draws(voices, background, int(rng.integers(2**64, dtype=np.uint64)))


def mix(text: str, draws: Draws) -> tuple[np.ndarray, np.ndarray]:
    """Return the clip of these draws, byte for byte AudioCaptcha's, and where each character lies.

    Returns:
        uint8 samples (N,) with silence at 128, and int64 (L, 2) with each character's (start, end) sample.

    Raises:
        SpecError: If the package has no recording of a character.
    """
    from captcha_core.sources.audio_kernels import hiss, lay_all

    tables = _tables()
    voices = _voice_rows(text, draws.voices)
    background = np.empty((len(draws.background), 3), np.int64)
    first = len(CHARACTERS) * len(SPEEDS)
    background[:, 0] = first + draws.background[:, 0] * len(BACKGROUND_SPEEDS) + draws.background[:, 1]
    background[:, 1] = len(LEVELS) + draws.background[:, 2]
    background[:, 2] = draws.background[:, 3]
    length = background_length(text, draws.voices)
    lead = int(draws.voices[0, 2])
    longest = int(tables.sizes.max())
    room = lead + int(voices[:, 2].sum()) + (len(text) + 1) * (longest + 1) + length
    intro, outro = tables.intro, tables.outro
    clip = np.empty(len(intro) + room + len(outro), np.uint8)
    track = clip[len(intro) :]
    track[:length] = hiss(length, np.uint64(draws.hiss)) if isinstance(draws.hiss, int) else draws.hiss[:length]
    spans = np.empty((len(text), 2), np.int64)
    used = lay_all(
        track, length, tables.bodies, tables.starts, tables.sizes, tables.levels, tables.mixing, background, voices,
        lead, spans,
    )  # fmt: skip
    clip[: len(intro)] = intro
    track[used : used + len(outro)] = outro
    return clip[: len(intro) + used + len(outro)], spans + len(intro)


def to_float(clip: np.ndarray) -> np.ndarray:
    """Return unsigned 8-bit samples as float32 in [-1, 1], as decoding the WAV file does."""
    return (clip.astype(np.float32) - 128.0) / 128.0


def background_length(text: str, voices: np.ndarray) -> int:
    """Bytes of background: room for the longest character, times their number, and for all pauses."""
    sizes = _tables().sizes[_voice_rows(text, voices)[:, 0]]
    return int(sizes.max()) * len(text) + int(voices[:, 2].sum())


def _voice_rows(text: str, voices: np.ndarray) -> np.ndarray:
    """Return int64 (L, 3): body, loudness table, pause."""
    rows = voices.copy()
    for row, character in enumerate(text.upper()):
        key = CHARACTERS.find(character)
        if key < 0:
            raise SpecError(
                f"expected characters that the captcha package has a recording of ({CHARACTERS}), received "
                f"{character!r}; take another voice or alphabet."
            )
        rows[row, 0] += key * len(SPEEDS)
    return rows


@lru_cache(maxsize=1)
def recordings() -> dict[str, np.ndarray]:
    """The package's one recording of each character, uint8 (N,) at 8,000 Hz with silence at 128."""
    return {character: _read(f"{character}/default.wav") for character in CHARACTERS}


def _read(name: str) -> np.ndarray:
    with files("captcha").joinpath("data").joinpath(name).open("rb") as stream, wave.open(stream) as recording:
        return np.frombuffer(recording.readframes(recording.getnframes()), np.uint8)


@lru_cache(maxsize=1)
def _tables() -> _Tables:
    spoken = [_sped(recordings()[character], speed) for character in CHARACTERS for speed in SPEEDS]
    behind = [_sped(recordings()[character][::-1], speed) for character in CHARACTERS for speed in BACKGROUND_SPEEDS]
    bodies = spoken + behind
    sizes = np.array([len(body) for body in bodies])
    beep, rest = _read("beep.wav"), np.full(RATE_HZ // 5, SILENCE, np.uint8)
    return _Tables(
        bodies=np.concatenate(bodies),
        starts=np.cumsum(sizes) - sizes,
        sizes=sizes,
        levels=np.stack([_loudness(level) for level in LEVELS + BACKGROUND_LEVELS]),
        mixing=_mixing(),
        intro=np.concatenate([beep, rest, beep, rest, beep]),
        outro=_sped(beep, END_BEEP_SPEED),
    )


def _sped(body: np.ndarray, speed: float) -> np.ndarray:
    """Return the body stretched by repeating or leaving out bytes; rounding may leave zeros at the end."""
    stretched = np.zeros(int(len(body) * speed), np.uint8)
    edges = np.add.accumulate(np.concatenate([[0.0], np.full(len(body), speed)])).astype(np.int64)
    filled = np.repeat(body, np.diff(edges))[: len(stretched)]
    stretched[: len(filled)] = filled
    return stretched


def _loudness(level: float) -> np.ndarray:
    """Return the table (256,) that scales a byte's distance from silence; truncation is toward silence's side of 0."""
    values = np.arange(256)
    above = ((values - SILENCE) * level + SILENCE).astype(np.int64).clip(SILENCE, 255)
    below = (SILENCE - (SILENCE - values) * level).astype(np.int64).clip(0, SILENCE)
    return np.where(values > SILENCE, above, np.where(values < SILENCE, below, SILENCE)).astype(np.uint8)


def _mixing() -> np.ndarray:
    """Return the table (256, 256) of two mixed bytes: a product below silence, its mirror image elsewhere."""
    a, b = np.meshgrid(np.arange(256), np.arange(256), indexing="ij")
    both_below = (a < SILENCE) & (b < SILENCE)
    return np.where(both_below, a * b / 128, 2 * (a + b) - a * b / 128 - 256).astype(np.int64).astype(np.uint8)
