"""What is plain from captchas: sizes, colours, extent of the text, kind of file; and what a reader guesses."""

import io
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from PIL import Image

from captcha_core.features.strip import LUMA, page_colour
from captcha_core.spec.answer import Answer
from captcha_core.spec.captcha import DIGITS, LOWER, UPPER

MOST_SIZES, MOST_COLOURS = 16, 8
RARE = 0.03  # share below which a size, a colour or a length is chance
STRONG = 0.7  # of the ink's distance from the page: pixels that surely are ink
SMALL = 0.3  # of the picture's height: lower things are specks
PIXELS_A_PICTURE = 200
SURE = 0.5  # confidence of a character that counts
TYPICAL_TABLE = 16  # first entry of JPEG's luminance table at quality 50
LEAST_SHARE = {DIGITS: 0.05, LOWER: 0.1, UPPER: 0.1}  # of the characters read, from which on they are in the alphabet


@dataclass(frozen=True)
class Traits:
    """What was read off.

    Attributes:
        knobs: Of the scheme ``site``, as they are plain from the pictures.
        height: Median height of a character as a share of the picture's.
        fill: Median width of the text as a share of the picture's.
        size_px: The commonest height and width.
    """

    knobs: dict[str, Any]
    height: float
    fill: float
    size_px: tuple[int, int]


def read_traits(pictures: Sequence[np.ndarray], media: Sequence[bytes]) -> Traits:
    """Read off what is plain.

    Args:
        pictures: uint8 (H, W, 3), at least one.
        media: The files that they are from.
    """
    sizes = Counter(picture.shape[:2] for picture in pictures)
    common = [size for size, count in sizes.most_common(MOST_SIZES) if count >= RARE * len(pictures)]
    pages = [page_colour(picture) for picture in pictures]
    inks = [_ink_pixels(picture, page) for picture, page in zip(pictures, pages, strict=True)]
    extents = np.array([_extent(picture, page) for picture, page in zip(pictures, pages, strict=True)])
    page_colours, page_spread = _palette(np.array(pages))
    ink_colours, ink_spread = _palette(np.concatenate(inks))
    height, fill = (float(np.nanmedian(extents[:, i])) if np.isfinite(extents[:, i]).any() else 0.6 for i in (0, 1))
    knobs: dict[str, Any] = {
        "pages": page_colours,
        "page_spread": page_spread,
        "inks": ink_colours,
        "ink_spread": ink_spread,
        "ink_each": _ink_each(inks, np.array(ink_colours)),
        "frame": _has_frame(pictures, pages),
        "jpeg": int(np.median([_jpeg_quality(one) for one in media])),
        "one_bit": all(len(np.unique(picture)) <= 2 for picture in pictures[:20]),
    }
    if len(common) > 1:
        knobs["sizes_px"] = [list(size) for size in common]
    return Traits(knobs, height, fill, sizes.most_common(1)[0][0])


def _distance(picture: np.ndarray, page: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt(np.square(picture.astype(np.float32) - page) @ LUMA))


def _ink_pixels(picture: np.ndarray, page: np.ndarray) -> np.ndarray:
    """Return colours (N, 3) of pixels that are ink for sure, the same number from each picture."""
    inner = picture[2:-2, 2:-2]
    far = _distance(inner, page)
    full = np.quantile(far, 0.97)
    strong: np.ndarray = inner[far >= max(STRONG * full, 24)]
    if not len(strong):
        return np.empty((0, 3), np.float32)
    spread = np.linspace(0, len(strong) - 1, PIXELS_A_PICTURE).astype(int)
    return np.asarray(strong[spread], np.float32)


def _palette(colours: np.ndarray) -> tuple[list[list[int]], int]:
    """Return the colours that pixels cluster around, and by how much they usually differ from these."""
    if len(colours) < 2:
        return [[int(level) for level in (colours[0] if len(colours) else (0, 0, 0))]], 0
    count = min(MOST_COLOURS, len(np.unique(colours.astype(np.uint8), axis=0)))
    cv2.setRNGSeed(0)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 1.0)
    start = np.zeros((len(colours), 1), np.int32)  # is not used, and wanted
    _, found, middles = cv2.kmeans(colours.astype(np.float32), count, start, stop, 2, cv2.KMEANS_PP_CENTERS)
    labels, centres = np.asarray(found), np.asarray(middles)
    shares = np.bincount(labels.ravel(), minlength=count) / len(colours)
    kept = [index for index in np.argsort(-shares) if shares[index] >= RARE]
    spread = np.abs(colours - centres[labels.ravel()]).mean()
    return [[round(float(level)) for level in centres[index].clip(0, 255)] for index in kept], min(128, int(spread))


def _ink_each(inks: Sequence[np.ndarray], palette: np.ndarray) -> float:
    """Return the share of pictures in which three and more inks are used, or two of few."""
    if len(palette) < 2:
        return 0.0
    several = 0
    for pixels in inks:
        nearest = (
            np.abs(pixels[:, None] - palette[None]).sum(axis=2).argmin(axis=1) if len(pixels) else np.zeros(1, int)
        )
        several += int((np.bincount(nearest, minlength=len(palette)) > 0.12 * len(nearest)).sum() >= 3)
    return round(several / len(inks), 2)


def _extent(picture: np.ndarray, page: np.ndarray) -> tuple[float, float]:
    """Return the median height of what may be characters and the width of all, as shares; NaN where there is none."""
    far = _distance(picture, page)
    mask = (far >= max(0.5 * np.quantile(far, 0.97), 24)).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask)
    tall, wide = picture.shape[:2]
    parts = [
        s
        for s in stats[1:]
        if SMALL * tall <= s[cv2.CC_STAT_HEIGHT] < 0.98 * tall and s[cv2.CC_STAT_WIDTH] < 0.7 * wide
    ]
    if not parts:
        return float("nan"), float("nan")
    left = min(part[cv2.CC_STAT_LEFT] for part in parts)
    right = max(part[cv2.CC_STAT_LEFT] + part[cv2.CC_STAT_WIDTH] for part in parts)
    return float(np.median([part[cv2.CC_STAT_HEIGHT] for part in parts])) / tall, (right - left) / wide


def _has_frame(pictures: Sequence[np.ndarray], pages: Sequence[np.ndarray]) -> bool:
    def framed(picture: np.ndarray, page: np.ndarray) -> bool:
        rows = _distance(picture[[0, -1]], page)
        return bool((rows > 40).mean() > 0.9)

    return sum(framed(*one) for one in zip(pictures, pages, strict=True)) > len(pictures) / 2


def _jpeg_quality(media: bytes) -> int:
    """Return the quality at which a JPEG was compressed, 0 for other files."""
    try:
        tables = getattr(Image.open(io.BytesIO(media)), "quantization", None)
    except OSError:
        return 0
    if not tables:
        return 0
    scale = 100 * tables[0][0] / TYPICAL_TABLE
    return int(np.clip((200 - scale) / 2 if scale <= 100 else 5000 / scale, 5, 98))


def guessed_lengths(answers: Sequence[Answer]) -> tuple[int, int]:
    """Return the least and greatest length of what a reader made of the pictures, rare ones left out."""
    weights: dict[int, float] = defaultdict(float)
    for answer in answers:
        weights[len(answer.text)] += answer.confidence + 0.01
    total = sum(weights.values())
    usual = [length for length, weight in weights.items() if length and weight >= 2 * RARE * total] or [4]
    return min(usual), max(usual)


def guessed_alphabet(answers: Sequence[Answer]) -> str:
    """Return digits, small letters and capitals, those of the three that a reader saw more often than by mistake."""
    seen = "".join(c.character for answer in answers for c in answer.characters if c.confidence >= SURE)
    shares = {kind: sum(c in kind for c in seen) / max(1, len(seen)) for kind in LEAST_SHARE}
    return "".join(kind for kind, least in LEAST_SHARE.items() if shares[kind] >= least) or DIGITS
