"""Characters of any voice set close to one another: the plain layout.

Speaking costs more than mixing, so clips share speakers: one of ``POOL`` speakers at a time says its alphabet once
and then serves ``REUSE`` clips, ``POOL`` clips apart. Which one a clip has follows from its index alone.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from captcha_core.sources.audio_effects import faster, higher
from captcha_core.sources.audio_knobs import AudioKnobs
from captcha_core.sources.scheme import Scheme
from captcha_core.sources.voices.contract import choose
from captcha_core.sources.voices.engines import get_engine

POOL = 64
REUSE = 8
PEAK = 0.5  # loudest sample of a speaker's alphabet
_STREAM = 0x5BEAC


@dataclass(frozen=True)
class Alphabet:
    """A scheme's characters, each as one speaker says it: float32 (N,) at the scheme's rate."""

    voice: str
    pieces: dict[str, np.ndarray]


def alphabet_of(scheme: Scheme, seed: int, index: int) -> Alphabet:
    """Return what the speaker of clip ``index`` says.

    Raises:
        SpecError: If a voice or character is unknown to the engine.
        DataError: If the engine is not installed or fails.
    """
    assert isinstance(scheme.knobs, AudioKnobs)
    number = index // (POOL * REUSE) * POOL + index % POOL
    knobs = scheme.knobs
    return _alphabet(
        knobs.engine, knobs.voices, knobs.held_out, scheme.spec.alphabet, scheme.spec.rate_hz, seed, number
    )


@lru_cache(maxsize=2 * POOL)
def _alphabet(
    engine_name: str,
    only: tuple[str, ...],
    held_out: tuple[str, ...],
    characters: str,
    rate_hz: int,
    seed: int,
    number: int,
) -> Alphabet:
    engine = get_engine(engine_name)
    names = _names(engine_name, only, held_out)
    rng = np.random.default_rng(np.random.SeedSequence(seed % 2**64, spawn_key=(_STREAM, number)))
    speaker = engine.speaker(names[int(rng.integers(len(names)))], rng)
    said = engine.say(speaker, characters)
    loudest = max(float(np.abs(piece).max()) for piece in said.values())
    pieces = _at_rate([piece * np.float32(PEAK / loudest) for piece in said.values()], engine.sample_rate_hz, rate_hz)
    return Alphabet(speaker.voice, dict(zip(said, pieces, strict=True)))


def _at_rate(pieces: list[np.ndarray], from_hz: int, to_hz: int) -> list[np.ndarray]:
    """Return the pieces resampled; end to end, since starting the resampler costs more than running it."""
    if from_hz == to_hz:
        return pieces
    import soxr

    gap = np.zeros(from_hz // 100, np.float32)
    ends = np.cumsum([len(piece) + len(gap) for piece in pieces])
    whole = soxr.resample(np.concatenate([part for piece in pieces for part in (piece, gap)]), from_hz, to_hz)
    starts = np.concatenate([[0], ends[:-1]]) * to_hz // from_hz
    stops = (ends - len(gap)) * to_hz // from_hz
    return [np.asarray(whole[start:stop], np.float32) for start, stop in zip(starts, stops, strict=True)]


@lru_cache(maxsize=64)
def _names(engine_name: str, only: tuple[str, ...], held_out: tuple[str, ...]) -> tuple[str, ...]:
    engine = get_engine(engine_name)
    return choose(engine.names() + engine.further() if only else engine.names(), only, held_out)


def lay(
    text: str, alphabet: Alphabet, knobs: AudioKnobs, rate_hz: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return the spoken text, float32 (N,), and int64 (L, 2) with each character's (start, end) sample."""
    pieces = [_varied(alphabet.pieces[character], knobs, rate_hz, rng) for character in text]
    pauses = (rng.uniform(knobs.min_pause_s, knobs.max_pause_s, len(text) + 1) * rate_hz).astype(np.int64)
    overlaps = rng.uniform(0.0, knobs.overlap, len(text))
    spans = np.empty((len(text), 2), np.int64)
    at = int(pauses[0])
    for row, piece in enumerate(pieces):
        spans[row] = at, at + len(piece)
        at = max(at + 1, at + len(piece) + int(pauses[row + 1]) - int(overlaps[row] * len(piece)))
    clip = np.zeros(int(spans[:, 1].max()) + int(pauses[-1]), np.float32)
    for (start, end), piece in zip(spans, pieces, strict=True):
        clip[start:end] += piece
    return clip, spans


def _varied(piece: np.ndarray, knobs: AudioKnobs, rate_hz: int, rng: np.random.Generator) -> np.ndarray:
    if knobs.max_speed_change:
        piece = faster(piece, 1.0 + rng.uniform(-knobs.max_speed_change, knobs.max_speed_change))
    if knobs.max_pitch_change:
        piece = higher(piece, rate_hz, rng.uniform(-knobs.max_pitch_change, knobs.max_pitch_change))
    return piece
