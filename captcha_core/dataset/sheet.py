"""A contact sheet: many samples of a data set on one page, each with its text."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageDraw

from captcha_core.media.audio import decode_audio
from captcha_core.media.fonts import font_for, writable
from captcha_core.media.image import decode_image
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample

MARGIN_PX = 8
CAPTION_PX, CAPTION_FONT_PX = 18, 14
WAVE_PX = (64, 240)
INK = (32, 64, 128)


def contact_sheet(
    samples: Sequence[Sample],
    spec: CaptchaSpec,
    columns: int = 8,
    draw: Callable[[Sample], np.ndarray] | None = None,
) -> np.ndarray:
    """Draw samples in rows, their texts below, in a font of the machine that has their script.

    Args:
        samples: At least one.
        spec: Of the data set; pictures are shown at its size, clips as waveforms.
        columns: Samples in a row.
        draw: Another way from a sample to its picture, uint8 (h, w, 3), of the same size for all.

    Returns:
        uint8 array (H, W, 3).

    Raises:
        DataError: If a sample cannot be decoded.
    """
    pictures = [draw(sample) if draw else _picture(sample.media, spec) for sample in samples]
    height, width = pictures[0].shape[:2]
    columns = min(columns, len(samples))
    rows = -(-len(samples) // columns)
    captions = [writable(sample.text or "(no label)") for sample in samples]
    fonts = [font_for(caption, CAPTION_FONT_PX) for caption in captions]
    widest = max(width, *(math.ceil(font.getlength(text)) for font, text in zip(fonts, captions, strict=True)))
    cell = (height + CAPTION_PX + MARGIN_PX, widest + MARGIN_PX)
    page = Image.new("RGB", (columns * cell[1] + MARGIN_PX, rows * cell[0] + MARGIN_PX), "white")
    pen = ImageDraw.Draw(page)
    for place, (caption, picture) in enumerate(zip(captions, pictures, strict=True)):
        row, column = divmod(place, columns)
        left, top = MARGIN_PX + column * cell[1], MARGIN_PX + row * cell[0]
        page.paste(Image.fromarray(picture), (left, top))
        pen.rectangle((left - 1, top - 1, left + width, top + height), outline="lightgrey")
        pen.text((left, top + height), caption, fill="black", font=fonts[place])
    return np.asarray(page)


def _picture(media: bytes, spec: CaptchaSpec) -> np.ndarray:
    if spec.media == "image":
        return decode_image(media, channels=3, size_px=spec.size_px, frame=spec.frame)
    return _waveform(decode_audio(media, spec.rate_hz, spec.seconds))


def _waveform(samples: np.ndarray) -> np.ndarray:
    """Draw the lowest and highest value of each of ``WAVE_PX[1]`` stretches of a clip (N,) as uint8 (H, W, 3)."""
    height, width = WAVE_PX
    picture = np.full((height, width, 3), 255, np.uint8)
    edges = np.linspace(0, len(samples), width + 1).astype(int)
    for column in range(width):
        stretch = samples[edges[column] : max(edges[column + 1], edges[column] + 1)]
        low, high = (round((1 - float(value)) / 2 * (height - 1)) for value in (stretch.min(), stretch.max()))
        picture[high : low + 1, column] = INK
    return picture
