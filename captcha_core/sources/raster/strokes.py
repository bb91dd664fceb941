"""Digits drawn with a round pen, for captchas whose font is a handwriting: nothing to install, nothing to copy.

A digit is a list of strokes, a stroke a list of points. The unit is the digit's height; y points down from its top.
"""

import math
from functools import cache
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw

Point = tuple[float, float]

STROKE_FONTS = {"strokes": 0.105, "strokes-bold": 0.18}  # thickness of the pen
SCALE = 8  # the pen moves on a picture this many times larger
ADVANCE = 0.75


def _arc(x: float, y: float, width: float, height: float, start_deg: float, end_deg: float) -> list[Point]:
    """Return points of an ellipse around (x, y), clockwise from three o'clock."""
    angles = np.radians(np.linspace(start_deg, end_deg, 40))
    return [(x + width / 2 * math.cos(angle), y + height / 2 * math.sin(angle)) for angle in angles]


DIGITS: dict[str, list[list[Point]]] = {
    "0": [_arc(0.36, 0.5, 0.62, 1.0, 0, 360)],
    "1": [[(0.1, 0.17), (0.3, 0.0), (0.3, 1.0)], [(0.1, 1.0), (0.5, 1.0)]],
    "2": [[*_arc(0.3, 0.27, 0.46, 0.54, 195, 375), *_arc(0.1, 0.36, 0.82, 0.9, 0, 25), (0.06, 1.0), (0.6, 0.98)]],
    "3": [[*_arc(0.3, 0.25, 0.42, 0.5, 215, 450), (0.24, 0.5)], [(0.3, 0.5), *_arc(0.29, 0.75, 0.52, 0.5, 270, 500)]],
    "4": [[(0.5, 1.0), (0.5, 0.0), (0.03, 0.68), (0.7, 0.66)]],
    "5": [[(0.56, 0.0), (0.14, 0.02), (0.1, 0.45), *_arc(0.3, 0.68, 0.54, 0.64, 215, 490)]],
    "6": [[(0.42, 0.0), *_arc(0.55, 0.7, 0.96, 1.0, 225, 180), *_arc(0.33, 0.71, 0.54, 0.58, 180, 540)]],
    "7": [[(0.03, 0.03), (0.62, 0.0), (0.22, 1.0)]],
    "8": [_arc(0.32, 0.24, 0.42, 0.48, 90, 450), _arc(0.32, 0.74, 0.52, 0.52, -90, 270)],
    "9": [[*_arc(0.32, 0.29, 0.54, 0.58, 0, 360), *_arc(0.1, 0.33, 0.98, 1.3, 0, 50), (0.16, 1.0)]],
}


@cache
def draw_digit(font: str, size_px: int, character: str) -> np.ndarray:
    """Return uint8 (size_px + 4, width) coverage of a digit, two pixels from the top and left."""
    pen = STROKE_FONTS[font] * size_px * SCALE
    height, width = size_px + 4, math.ceil(ADVANCE * size_px) + 4
    page = Image.new("L", (width * SCALE, height * SCALE))
    brush = ImageDraw.Draw(page)
    span = size_px * SCALE - pen  # the pen's edge, not its middle, touches top and bottom
    for stroke in DIGITS[character]:
        places = [(2 * SCALE + pen / 2 + x * span, 2 * SCALE + pen / 2 + y * span) for x, y in stroke]
        for here, there in pairwise(places):
            steps = max(int(math.dist(here, there)), 1)
            for step in range(steps + 1):
                x, y = (here[axis] + (there[axis] - here[axis]) * step / steps for axis in (0, 1))
                brush.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), fill=255)
    return np.asarray(page.resize((width, height), Image.Resampling.BOX))
