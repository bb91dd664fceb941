"""What one file holds: a picture or a clip, its size, its colour, its rate."""

from dataclasses import dataclass

import numpy as np

from captcha_core.media.audio import decode_at_own_rate
from captcha_core.media.frames import fitting_frame, framed
from captcha_core.media.image import decode_frames, decode_image
from captcha_core.media.sniff import kind_of
from captcha_core.spec.captcha import Frame

COLOUR_LEVELS = 24  # red, green and blue of a grey JPEG differ by a few levels; colours differ by more
COLOUR_SHARE = 0.001
BLANK_LEVELS = 3  # a plain JPEG has as many
LONGEST_CLIP_S = 120.0


@dataclass(frozen=True, slots=True)
class Picture:
    """An image that can be decoded; ``frame`` is the one that shows a moving picture's text best, None of others."""

    size_px: tuple[int, int]
    coloured: bool
    blank: bool = False
    frame: Frame | None = None


@dataclass(frozen=True, slots=True)
class Clip:
    """Audio that can be decoded."""

    rate_hz: int
    seconds: float


def probe(media: bytes) -> Picture | Clip:
    """Decode a file whole and return what it is.

    Raises:
        DataError: If it is neither picture nor clip, is damaged or exceeds the limits.
    """
    return _clip(media) if kind_of(media) == "audio" else _picture(media)


def _picture(media: bytes) -> Picture:
    frames = decode_frames(media, channels=3)
    frame = None if frames is None else fitting_frame(frames)
    pixels = decode_image(media, channels=3) if frames is None or frame is None else framed(frames, frame)
    spread = pixels.max(axis=2).astype(int) - pixels.min(axis=2)
    height, width = spread.shape
    blank = _swing(pixels) <= BLANK_LEVELS
    return Picture((height, width), bool((spread > COLOUR_LEVELS).mean() > COLOUR_SHARE), blank, frame)


def _swing(pixels: np.ndarray) -> int:
    """Return the largest difference of levels within a channel of a picture (H, W, C)."""
    return int((pixels.max(axis=(0, 1)).astype(int) - pixels.min(axis=(0, 1))).max())


def _clip(media: bytes) -> Clip:
    samples, rate_hz = decode_at_own_rate(media, LONGEST_CLIP_S)
    return Clip(rate_hz, len(samples) / rate_hz)
