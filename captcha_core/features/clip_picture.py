"""A clip to look at: waveform above, log-mel spectrogram below, the characters that were read at their times."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from captcha_core.features.audio import LOW_HZ, RANGE_DB, WINDOW_S
from captcha_core.features.log_mel import log_mel
from captcha_core.spec.answer import Character

WIDTH_PX, LABELS_PX, WAVE_PX, SPECTRUM_PX, AXIS_PX = 960, 30, 110, 180, 20
HEIGHT_PX = LABELS_PX + WAVE_PX + SPECTRUM_PX + AXIS_PX
BANDS = 64
PAGE, INK, WAVE, SPAN = (255, 255, 255), (30, 32, 38), (52, 101, 164), (252, 226, 178)
# Dark to bright in even steps of lightness, so that it reads the same in grey.
_ANCHORS = np.array([(10, 8, 30), (62, 20, 96), (150, 38, 96), (226, 94, 52), (250, 176, 60), (252, 250, 200)], float)


def draw_clip(samples: np.ndarray, rate_hz: int, characters: Sequence[Character] = ()) -> np.ndarray:
    """Draw a clip.

    Args:
        samples: float32 mono (N,), N at least 1.
        rate_hz: Samples a second.
        characters: What was read; those with a ``span_s`` are drawn there.

    Returns:
        uint8 RGB picture (340, 960, 3).
    """
    picture = Image.new("RGB", (WIDTH_PX, HEIGHT_PX), PAGE)
    draw = ImageDraw.Draw(picture)
    seconds = len(samples) / rate_hz
    spans = [
        (character.character, start * WIDTH_PX / seconds, end * WIDTH_PX / seconds)
        for character in characters
        if character.span_s is not None
        for start, end in [character.span_s]
    ]
    for _, left, right in spans:
        draw.rectangle((left, 0, max(right, left + 1), LABELS_PX + WAVE_PX - 1), fill=SPAN)
    _draw_wave(draw, samples)
    picture.paste(Image.fromarray(_spectrum(samples, rate_hz)), (0, LABELS_PX + WAVE_PX))
    font = ImageFont.load_default(size=20)
    for text, left, right in spans:
        draw.line((left, 0, left, HEIGHT_PX - AXIS_PX), fill=SPAN)
        draw.text(((left + right) / 2, LABELS_PX / 2), text, fill=INK, font=font, anchor="mm")
    _draw_axis(draw, seconds)
    return np.asarray(picture)


def _draw_wave(draw: ImageDraw.ImageDraw, samples: np.ndarray) -> None:
    """Draw the lowest and highest sample of each column."""
    edges = np.linspace(0, len(samples), WIDTH_PX + 1).astype(int)
    scale = 0.48 * WAVE_PX / max(float(np.abs(samples).max()), 1e-6)
    middle = LABELS_PX + WAVE_PX / 2
    for column, start in enumerate(edges[:-1]):
        part = samples[min(start, len(samples) - 1) : max(edges[column + 1], start + 1)]
        draw.line((column, middle - part.max() * scale, column, middle - part.min() * scale), fill=WAVE)


def _spectrum(samples: np.ndarray, rate_hz: int) -> np.ndarray:
    """Return the spectrogram as colours, uint8 (SPECTRUM_PX, WIDTH_PX, 3), high frequencies at the top."""
    window = max(int(WINDOW_S * rate_hz), 2 * BANDS)
    hop = max(1, min(window // 2, len(samples) // WIDTH_PX))
    decibels = log_mel(samples, rate_hz, window, hop, BANDS, LOW_HZ, rate_hz / 2, RANGE_DB)
    levels = Image.fromarray((decibels.T[::-1] / RANGE_DB + 1.0).astype(np.float32))
    shown = np.asarray(levels.resize((WIDTH_PX, SPECTRUM_PX), Image.Resampling.BILINEAR)).clip(0.0, 1.0)
    steps = np.linspace(0.0, 1.0, len(_ANCHORS))
    return np.stack([np.interp(shown, steps, _ANCHORS[:, c]) for c in range(3)], axis=2).astype(np.uint8)


def _draw_axis(draw: ImageDraw.ImageDraw, seconds: float) -> None:
    """Mark the seconds, at most some twenty of them."""
    font = ImageFont.load_default(size=12)
    step = next(step for step in (0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60) if seconds / step <= 20 or step == 60)
    top = HEIGHT_PX - AXIS_PX
    for index in range(int(seconds / step) + 1):
        x = index * step * WIDTH_PX / seconds
        draw.line((x, top, x, top + 4), fill=INK)
        label = f"{index * step:g} s"
        draw.text((x + 2, top + 4), label, fill=INK, font=font) if x < WIDTH_PX - 30 else None
