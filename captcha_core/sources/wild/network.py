"""What a network sees of a picture: how far each pixel is from the colour of the page, at a fixed height."""

from collections.abc import Sequence
from typing import Any, Literal

import cv2
import numpy as np

from captcha_core.sources.kernel import kernel
from captcha_core.sources.wild.draw import draw_wild
from captcha_core.sources.wild.families import FAMILIES

HEIGHT_PX, MAX_WIDTH_PX = 48, 256  # letters that take a fifth of the height still have ten pixels
BITS = 3  # of each primary that tell two colours of a page apart
RING_PX, RING_WEIGHT = 4, 8  # pixels near the border count more often; the outermost may be a frame and do not count
FRAME_PX = 3  # at the border, where a frame would count as what is furthest from the page
FULL_SHARE = 0.03  # of all pixels may be further from the page than what becomes full white


def network_batch(
    seed: int, indices: Sequence[int], height: int = HEIGHT_PX, max_width: int = MAX_WIDTH_PX,
    names: tuple[str, ...] = tuple(FAMILIES), channels: Literal[1, 3] = 1,
) -> tuple[np.ndarray, np.ndarray, list[str]]:  # fmt: skip
    """Draw pictures and turn them into what a network sees.

    Args:
        seed: Any whole number.
        indices: Numbers of the pictures.
        height: Of the output in pixels; the aspect ratio is kept.
        max_width: Of the output; narrower pictures are padded on the right, wider ones are squeezed.
        names: Families to draw from.
        channels: 1 for the distance from the page, 3 for that of each primary.

    Returns:
        uint8 (B, H, W, C), int32 (B,) widths before the padding, and the texts.
    """
    batch = np.zeros((len(indices), height, max_width, channels), dtype=np.uint8)
    widths, texts = np.zeros(len(indices), dtype=np.int32), []
    for row, index in enumerate(indices):
        image, text, _ = draw_wild(seed, index, names)
        seen = network_image(image, height, max_width, channels)
        widths[row] = seen.shape[1]
        batch[row, :, : seen.shape[1]] = seen
        texts.append(text)
    return batch, widths, texts


def network_image(
    image: np.ndarray, height: int = HEIGHT_PX, max_width: int = MAX_WIDTH_PX, channels: Literal[1, 3] = 1
) -> np.ndarray:
    """Return what a network sees of one picture.

    Args:
        image: uint8 (H, W, 3).
        height: Of the output.
        max_width: Greatest width of the output.
        channels: See :func:`network_batch`.

    Returns:
        uint8 (H, W, C): 0 where the picture has the colour of the page.
    """
    width = min(max_width, max(8, round(image.shape[1] * height / image.shape[0])))
    way = cv2.INTER_AREA if height < image.shape[0] else cv2.INTER_LINEAR
    scaled = cv2.resize(image, (width, height), interpolation=way)
    return np.asarray(_ink(scaled, page_colour(image), channels))


def page_colour(image: np.ndarray) -> np.ndarray:
    """Return float32 (3,), the most common colour of a picture; pixels at its border count more."""
    return np.asarray(_page_colour(np.ascontiguousarray(image)))


@kernel()
def _page_colour(image: Any) -> Any:
    height, width = image.shape[:2]
    counts, sums = np.zeros(1 << 3 * BITS, np.int32), np.zeros((1 << 3 * BITS, 3), np.int64)
    for y in range(1, height - 1):
        for x in range(1, width - 1):
            place = 0
            for c in range(3):
                place = (place << BITS) | (image[y, x, c] >> (8 - BITS))
            inside = RING_PX <= x < width - RING_PX and RING_PX <= y < height - RING_PX
            weight = 1 if inside else RING_WEIGHT
            counts[place] += weight
            for c in range(3):
                sums[place, c] += weight * image[y, x, c]
    most = np.argmax(counts)
    return (sums[most] / max(1, counts[most])).astype(np.float32)


@kernel()
def _ink(image: Any, page: Any, channels: int) -> Any:
    """Return uint8 (H, W, C): distances from the page, stretched so that all but a few pixels fit."""
    height, width = image.shape[:2]
    far = np.zeros((height, width, channels), np.float32)
    counts = np.zeros(512, np.int32)
    for y in range(height):
        for x in range(width):
            red = abs(image[y, x, 0] - page[0])
            green = abs(image[y, x, 1] - page[1])
            blue = abs(image[y, x, 2] - page[2])
            total = np.sqrt(0.9 * red * red + 1.5 * green * green + 0.6 * blue * blue)
            if FRAME_PX <= x < width - FRAME_PX and FRAME_PX <= y < height - FRAME_PX:
                counts[int(total)] += 1
            if channels == 1:
                far[y, x, 0] = total
            else:
                far[y, x, 0], far[y, x, 1], far[y, x, 2] = red, green, blue
    above, full = 0, 511
    while full > 24 and above < FULL_SHARE * height * width:
        above += counts[full]
        full -= 1
    scale = np.float32(255.0 / full) if channels == 1 else np.float32(255.0 * 1.732 / full)
    return np.minimum(far * scale, np.float32(255)).astype(np.uint8)
