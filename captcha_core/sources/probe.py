"""What one file holds: a picture or a clip, its size, its colour, its rate."""

from dataclasses import dataclass

from captcha_core.media.audio import decode_at_own_rate
from captcha_core.media.image import decode_image
from captcha_core.media.sniff import format_of

COLOUR_LEVELS = 24  # red, green and blue of a grey JPEG differ by a few levels; colours differ by more
COLOUR_SHARE = 0.001
LONGEST_CLIP_S = 120.0


@dataclass(frozen=True, slots=True)
class Picture:
    """An image that can be decoded."""

    size_px: tuple[int, int]
    coloured: bool


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
    found = format_of(media)
    return _clip(media) if found and found.kind == "audio" else _picture(media)


def _picture(media: bytes) -> Picture:
    pixels = decode_image(media, channels=3)
    spread = pixels.max(axis=2).astype(int) - pixels.min(axis=2)
    height, width = spread.shape
    return Picture((height, width), bool((spread > COLOUR_LEVELS).mean() > COLOUR_SHARE))


def _clip(media: bytes) -> Clip:
    samples, rate_hz = decode_at_own_rate(media, LONGEST_CLIP_S)
    return Clip(rate_hz, len(samples) / rate_hz)
