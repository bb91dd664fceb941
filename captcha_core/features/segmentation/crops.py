"""A component of ink to a padded square of fixed size, the picture that a letter network sees."""

import cv2
import numpy as np

from captcha_core.features.segmentation.components import NEAR, Component, owned

FULL_INK_INDEX = 95  # the percentile of a letter's pixels that becomes full white
OWN_SHARE = 0.5  # of the letter's own mean contrast: what is paler is a speck that touches it
PALE = 0.3  # of a letter's full contrast: what is paler is paper, or a speck under the letter
MIN_PART = 0.08  # of the letter's area: smaller parts do not widen its box


def refined(component: Component, labels: np.ndarray, distance: np.ndarray) -> Component:
    """Return the component with its box drawn round its own strong ink, without paler specks that touch it."""
    window = np.s_[component.top : component.bottom, component.left : component.right]
    strength = distance[window] * owned(labels[window], component)
    level = OWN_SHARE * float(strength.sum()) / max(component.area, 1)
    mask = cv2.threshold(strength, level, 1, cv2.THRESH_BINARY)[1]
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    found = stats[1:].tolist()
    least = MIN_PART * sum(area for *_, area in found)
    parts = [(x, y, x + width, y + height) for x, y, width, height, area in found if area >= least]
    if not parts:
        return component
    left, top, right, bottom = zip(*parts, strict=True)
    return Component(
        component.ids,
        component.left + max(min(left) - 1, 0),  # a pixel more: thin ends of strokes are pale
        component.top + max(min(top) - 1, 0),
        min(component.left + max(right) + 1, component.right),
        min(component.top + max(bottom) + 1, component.bottom),
        component.area,
    )


def to_square(strength: np.ndarray, side_px: int, pad_px: int) -> np.ndarray:
    """Scale the ink of one letter into the middle of a square.

    Args:
        strength: uint8 (h, w), the letter's contrast in its box, other letters' ink already removed.
        side_px: Side S of the square.
        pad_px: Empty border inside it.

    Returns:
        uint8 (S, S): black paper, ink up to 255, whatever the picture's own contrast.
    """
    height, width = strength.shape
    inner = side_px - 2 * pad_px
    scale = inner / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    scaled = cv2.resize(strength, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    place = FULL_INK_INDEX * scaled.size // 100
    full = max(int(np.partition(scaled, place, axis=None)[place]), 1)
    square = np.zeros((side_px, side_px), dtype=np.uint8)
    top, left = (side_px - size[1]) // 2, (side_px - size[0]) // 2
    ink = (scaled.astype(np.float32) - PALE * full) * (255 / ((1 - PALE) * full))
    square[top : top + size[1], left : left + size[0]] = ink.clip(0, 255)
    return square


def letter_crop(
    distance: np.ndarray, labels: np.ndarray, component: Component, side_px: int, pad_px: int
) -> np.ndarray:
    """Return the square of one component; soft edges of its own strokes stay, neighbours' ink does not."""
    height, width = labels.shape
    top, bottom = max(component.top - 1, 0), min(component.bottom + 1, height)
    left, right = max(component.left - 1, 0), min(component.right + 1, width)
    window = labels[top:bottom, left:right]
    own = owned(window, component)
    near = cv2.dilate(own.view(np.uint8), NEAR).view(bool)
    return to_square(distance[top:bottom, left:right] * (near & ((window == 0) | own)), side_px, pad_px)
