"""Digits drawn with a round pen, for captchas whose font is a handwriting: nothing to install, nothing to copy.

A digit is a list of strokes, a stroke a list of points. The unit is the digit's height; y points down from its top.
"""

import math
from functools import cache
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw

Point = tuple[float, float]

STROKE_FONTS = {"strokes": 0.12, "strokes-bold": 0.175}  # thickness of the pen
STROKE_MARGIN_PX = 2
SCALE = 8  # the pen moves on a picture this many times larger
ADVANCE = 0.75


def _arc(x: float, y: float, width: float, height: float, start_deg: float, end_deg: float) -> list[Point]:
    """Return points of an ellipse around (x, y), clockwise from three o'clock."""
    angles = np.radians(np.linspace(start_deg, end_deg, 40))
    return [(x + width / 2 * math.cos(angle), y + height / 2 * math.sin(angle)) for angle in angles]


DIGITS: dict[str, list[list[Point]]] = {
    "0": [_arc(0.37, 0.5, 0.7, 1.0, 0, 360)],
    "1": [[(0.09, 0.18), (0.26, 0.0), (0.26, 1.0)], [(0.09, 1.0), (0.42, 1.0)]],
    "2": [[*_arc(0.29, 0.27, 0.52, 0.54, 195, 375), *_arc(0.1, 0.36, 0.88, 0.9, 0, 25), (0.05, 1.0), (0.62, 0.98)]],
    "3": [[*_arc(0.32, 0.25, 0.54, 0.5, 205, 450), (0.22, 0.5)], [(0.3, 0.5), *_arc(0.31, 0.75, 0.64, 0.5, 270, 510)]],
    "4": [[(0.52, 1.0), (0.52, 0.0), (0.03, 0.68), (0.74, 0.66)]],
    "5": [[(0.62, 0.0), (0.14, 0.02), (0.1, 0.45), *_arc(0.34, 0.68, 0.7, 0.64, 215, 500)]],
    "6": [[(0.44, 0.0), *_arc(0.57, 0.7, 1.04, 1.0, 225, 180), *_arc(0.36, 0.71, 0.62, 0.58, 180, 540)]],
    "7": [[(0.02, 0.03), (0.73, 0.0), (0.24, 1.0)]],
    "8": [_arc(0.35, 0.24, 0.54, 0.48, 90, 450), _arc(0.35, 0.74, 0.66, 0.52, -90, 270)],
    "9": [[*_arc(0.34, 0.29, 0.62, 0.58, 0, 360), *_arc(0.1, 0.33, 1.1, 1.3, 0, 50), (0.16, 1.0)]],
}


@cache
def draw_digit(font: str, size_px: int, character: str) -> np.ndarray:
    """Return uint8 coverage of a digit, with a margin of STROKE_MARGIN_PX around it."""
    pen = STROKE_FONTS[font] * size_px * SCALE
    margin = STROKE_MARGIN_PX * SCALE + pen / 2  # the pen's edge, not its middle, touches top and bottom
    height, width = size_px + 2 * STROKE_MARGIN_PX, math.ceil(ADVANCE * size_px) + 2 * STROKE_MARGIN_PX
    page = Image.new("L", (width * SCALE, height * SCALE))
    brush = ImageDraw.Draw(page)
    span = size_px * SCALE - pen
    for stroke in DIGITS[character]:
        places = [(margin + x * span, margin + y * span) for x, y in stroke]
        for here, there in pairwise(places):
            steps = max(int(math.dist(here, there)), 1)
            for step in range(steps + 1):
                x, y = (here[axis] + (there[axis] - here[axis]) * step / steps for axis in (0, 1))
                brush.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), fill=255)
    return np.asarray(page.resize((width, height), Image.Resampling.BOX))
