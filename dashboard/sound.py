"""What a clip looks like: its spectrogram as a picture, and its length."""

import base64

import numpy as np

from captcha_core.features.audio import LogMelFeatures
from captcha_core.media.audio import decode_audio
from captcha_core.media.image import encode_png
from captcha_core.spec.captcha import CaptchaSpec

# From quiet to loud: dark blue, violet, orange, pale yellow (perceptually even enough, legible in light and dark).
STOPS = np.array([[13, 16, 50], [88, 33, 120], [205, 74, 74], [249, 170, 80], [253, 247, 200]], dtype=float)


def spectrogram(media: bytes, spec: CaptchaSpec) -> tuple[str, float]:
    """Return a clip's log-mel spectrogram as a PNG in a ``data:`` address, low tones below, and its length in seconds.

    Raises:
        DataError: If the clip cannot be read.
    """
    features = LogMelFeatures.of(spec)
    samples = decode_audio(media, features.rate_hz, spec.seconds)
    levels = 1.0 + features.decibels(samples) / features.range_db
    png = encode_png(coloured(levels.T[::-1]))
    return f"data:image/png;base64,{base64.b64encode(png).decode()}", len(samples) / features.rate_hz


def coloured(levels: np.ndarray) -> np.ndarray:
    """Return uint8 (H, W, 3) of levels (H, W) in [0, 1]."""
    place = np.clip(levels, 0, 1) * (len(STOPS) - 1)
    low = np.minimum(place.astype(int), len(STOPS) - 2)
    part = (place - low)[..., None]
    return np.rint(STOPS[low] * (1 - part) + STOPS[low + 1] * part).astype(np.uint8)
