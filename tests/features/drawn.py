"""Small captchas in several styles, drawn with known boxes, for the tests of the segmentation."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Drawn:
    """uint8 (H, W, 3) with its text and the true box of each letter."""

    pixels: np.ndarray
    text: str
    boxes_px: list[Box]


def letter_masks(
    text: str, rng: np.random.Generator, gap_px: float, tilt: float, size_px: int = 30
) -> list[np.ndarray]:
    """Return one float mask (50, 200) for each letter."""
    font = ImageFont.load_default(size=size_px)
    masks, x = [], 8.0
    for character in text:
        left, _, right, _ = font.getbbox(character)
        tile = Image.new("L", (int(right - left) + 8, size_px + 12), 0)
        ImageDraw.Draw(tile).text((4 - left, 4), character, fill=255, font=font)
        tile = tile.rotate(rng.uniform(-tilt, tilt), resample=Image.Resampling.BICUBIC, expand=True)
        inked = tile.getbbox()
        assert inked is not None
        tile = tile.crop((inked[0], 0, inked[2], tile.height))
        page = Image.new("L", (200, 50), 0)
        page.paste(tile, (round(x), (50 - tile.height) // 2))
        masks.append(np.asarray(page) / 255)
        x += tile.width + gap_px
    return masks


def draw(
    text: str,
    seed: int = 0,
    paper: tuple[int, int, int] = (255, 255, 255),
    inks: tuple[tuple[int, int, int], ...] = ((20, 30, 60),),
    gap_px: float = 4,
    tilt: float = 0,
    gradient: int = 0,
    noise: float = 0,
    specks: int = 0,
    lines: int = 0,
) -> Drawn:
    """Draw a captcha of 50 x 200 pixels."""
    rng = np.random.default_rng(seed)
    picture = np.empty((50, 200, 3))
    picture[:] = paper
    picture += gradient * np.linspace(-1, 0, 200)[None, :, None] + rng.normal(0, noise, picture.shape)
    masks = letter_masks(text, rng, gap_px, tilt)
    for index, mask in enumerate(masks):
        ink = np.array(inks[index % len(inks)])
        picture = picture * (1 - mask[..., None]) + ink * mask[..., None]
    canvas = Image.fromarray(picture.clip(0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(canvas)
    for _ in range(specks):
        x, y = rng.integers(200), rng.integers(50)
        pen.rectangle((int(x), int(y), int(x) + 1, int(y)), fill=inks[0])
    for _ in range(lines):
        pen.line((0, float(rng.uniform(0, 50)), 200, float(rng.uniform(0, 50))), fill=inks[0], width=1)
    return Drawn(np.array(canvas), text, [_box(mask) for mask in masks])


def _box(mask: np.ndarray) -> Box:
    rows, columns = np.nonzero(mask > 0.5)
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


def overlap(mine: Box, theirs: Box) -> float:
    """Return the intersection over the union of two boxes."""
    width = min(mine[2], theirs[2]) - max(mine[0], theirs[0])
    height = min(mine[3], theirs[3]) - max(mine[1], theirs[1])
    shared = max(width, 0) * max(height, 0)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (mine, theirs))
    return shared / (areas - shared)
