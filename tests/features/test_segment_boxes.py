"""The boxes that the segmentation found when it was tuned: making it faster must not move one."""

import json
from pathlib import Path

import cv2
import numpy as np

from captcha_core.features.segmentation.segment import segment

KNOWN = Path(__file__).with_name("boxes.json")
COUNT = 40


def drawn(number: int) -> np.ndarray:
    """Draw five digits with OpenCV's own font, uint8 (40, 130, 3): some touch, some have a line or specks."""
    rng = np.random.default_rng([number, 5])
    page = np.full((40, 130, 3), rng.integers(190, 256, 3), np.uint8)
    x = 6.0
    for character in rng.integers(0, 10, 5):
        ink = tuple(int(level) for level in rng.integers(0, 110, 3))
        cv2.putText(page, str(character), (round(x), int(rng.integers(26, 34))), 0, 0.8, ink, 2, cv2.LINE_AA)
        x += rng.uniform(11, 21)
    if number % 3 == 0:
        ends = rng.integers(4, 36, 2)
        cv2.line(page, (0, int(ends[0])), (129, int(ends[1])), (70, 70, 70), 1, cv2.LINE_AA)
    for _ in range(20 * (number % 2)):
        page[rng.integers(40), rng.integers(130)] = 80
    return page


def found() -> list[dict[str, object]]:
    results = [segment(drawn(number), 5) for number in range(COUNT)]
    return [
        {"outcome": one.outcome.value, "cuts": one.seams, "boxes_px": [*map(list, one.boxes_px)]} for one in results
    ]


def test_no_box_has_moved() -> None:
    known = json.loads(KNOWN.read_text(encoding="utf-8"))
    assert sum(one["cuts"] > 0 for one in known) >= 8 and sum(one["outcome"] == "ok" for one in known) >= 30
    assert found() == known
