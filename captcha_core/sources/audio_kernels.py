"""Compiled inner loops of the audio mixer. Imported where they are used: loading the compiler takes a moment."""

import numpy as np

from captcha_core.sources.kernel import kernel
from captcha_core.sources.randomness import GOLDEN, mixed


@kernel()
def hiss(length: int, state: np.uint64) -> np.ndarray:
    """Return AudioCaptcha's background noise of ``length`` bytes: 126 plus ``randbelow(257) % 4`` each.

    256 of the 257 draws give two even bits, one gives 0. So 32 bytes are taken from each 64-bit word, and the odd
    draw is put in afterwards, at geometric distances.
    """
    noise = np.empty(length, np.uint8)
    word = np.uint64(0)
    for i in range(length):
        if i & 31 == 0:
            state += GOLDEN
            word = mixed(state)
        noise[i] = 126 + (word & np.uint64(3))
        word >>= np.uint64(2)
    at = -1
    while True:
        state += GOLDEN
        chance = (float(mixed(state) >> np.uint64(11)) + 1.0) / 9007199254740992.0
        at += 1 + int(np.log(chance) / np.log(256.0 / 257.0))
        if at >= length:
            return noise
        noise[at] = 126


@kernel()
def lay_all(
    track: np.ndarray,
    length: int,
    bodies: np.ndarray,
    starts: np.ndarray,
    sizes: np.ndarray,
    levels: np.ndarray,
    mixing: np.ndarray,
    background: np.ndarray,
    voices: np.ndarray,
    lead: int,
    spans: np.ndarray,
) -> int:
    """Lay the background picks and then the voices into ``track`` (its first ``length`` bytes hold noise).

    Args:
        track: uint8 with room to spare.
        bodies: Every sped recording, one after the other; ``starts`` and ``sizes`` say where each lies.
        levels: uint8 (levels, 256), loudness tables.
        mixing: uint8 (256, 256), the sum of two bytes.
        background: int64 (N, 3): body, level, gap behind it; as many are used as the length asks for.
        voices: int64 (L, 3): the same for the characters; all are used.
        lead: Bytes before the first character.
        spans: int64 (L, 2), filled with each character's (start, end).

    Returns:
        The bytes used: a sound that reaches over the end makes the track longer, as in AudioCaptcha.
    """
    used = length
    at = 0
    pick = 0
    while at < length:
        body, level, gap = background[pick]
        used = _lay(track, used, at, bodies[starts[body] : starts[body] + sizes[body]], levels[level], mixing)
        at += sizes[body] + 1 + gap
        pick += 1
    at = lead
    for index in range(len(voices)):
        body, level, gap = voices[index]
        spans[index, 0] = min(at, used)
        spans[index, 1] = spans[index, 0] + sizes[body]
        used = _lay(track, used, at, bodies[starts[body] : starts[body] + sizes[body]], levels[level], mixing)
        at += sizes[body] + 1 + gap
    return used


@kernel()
def _lay(track: np.ndarray, used: int, at: int, body: np.ndarray, level: np.ndarray, mixing: np.ndarray) -> int:
    """Mix one sound in at ``at``, or behind the end where ``at`` lies beyond it; return the bytes used then."""
    at = min(at, used)
    shared = min(len(body), used - at)
    for i in range(shared):
        track[at + i] = mixing[level[body[i]], track[at + i]]
    for i in range(shared, len(body)):
        track[at + i] = level[body[i]]
    return max(used, at + len(body))


@kernel()
def stretch(samples: np.ndarray, length: int, frame: int, search: int) -> np.ndarray:
    """Return float32 samples stretched to ``length`` with their pitch kept (WSOLA).

    Hann-windowed frames are laid half over one another; each is taken from within ``search`` samples of where it
    belongs, where it continues the one before best.
    """
    half = frame // 2
    window = (0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(frame) / frame)).astype(np.float32)
    source = np.zeros(len(samples) + 2 * (frame + search), np.float32)
    source[frame : frame + len(samples)] = samples
    out = np.zeros(length + 2 * frame, np.float32)
    ratio = len(samples) / max(length, 1)
    last = len(source) - frame - half
    follows = 0  # where the frame laid last would go on in the source
    for at in range(0, length + half, half):
        aim = min(max(int(at * ratio) + frame - half, 0), last)
        start = aim
        if at > 0:
            best = np.float32(-np.inf)
            for offset in range(max(aim - search, 0), min(aim + search, last) + 1, 2):
                match = np.float32(0.0)
                for i in range(0, frame, 4):
                    match += source[offset + i] * source[follows + i]
                if match > best:
                    best, start = match, offset
        for i in range(frame):
            out[at + i] += window[i] * source[start + i]
        follows = min(start + half, last)
    return out[half : half + length]


@kernel()
def play(samples: np.ndarray, factor: float) -> np.ndarray:
    """Return float32 samples read ``factor`` times as fast, between samples by Catmull and Rom's cubic (1974)."""
    count = max(1, int(len(samples) / factor))
    out = np.empty(count, np.float32)
    last = len(samples) - 1
    for i in range(count):
        place = i * factor
        k = int(place)
        t = np.float32(place - k)
        a, b = samples[max(k - 1, 0)], samples[min(k, last)]
        c, d = samples[min(k + 1, last)], samples[min(k + 2, last)]
        out[i] = b + np.float32(0.5) * t * (
            c - a + t * (np.float32(2) * a - np.float32(5) * b + np.float32(4) * c - d
            + t * (np.float32(3) * (b - c) + d - a))
        )  # fmt: skip
    return out
