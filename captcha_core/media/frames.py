"""Moving pictures: which of their frames counts, as pixels. One function for import, training and solving.

Of a picture that builds up the last frame counts, of one that appears and goes again the fullest, of one whose text
stays while noise moves the median of all, of letters that are shown one after the other the union of all.
"""

from collections import Counter
from collections.abc import Iterable
from typing import get_args

import cv2
import numpy as np

from captcha_core.spec.captcha import Frame

FRAMES: tuple[Frame, ...] = get_args(Frame)
SAME_LEVELS = 3  # frames that differ by no more are alike
EDGE_LEVELS = 32  # between neighbours, where ink begins or ends
NEARLY = 0.95  # of the edges of the fullest frame: as good as full
GROWN = 0.8  # of them: a first frame with fewer is still to be filled
STEADY = 0.75  # of them: a median with as many shows the text
SPREAD = 1.5  # times them: a union with as many shows what no frame does


def framed(frames: np.ndarray, frame: Frame) -> np.ndarray:
    """Return the pixels that count, uint8 (H, W, C), of all frames uint8 (N, H, W, C)."""
    if frame == "median":
        return np.asarray(np.median(frames, axis=0), np.uint8)
    if frame == "union":
        return _union(frames)
    if frame == "fullest":
        edges = _edges(frames)
        return np.asarray(frames[int(np.flatnonzero(edges >= NEARLY * edges.max())[-1])])
    return np.asarray(frames[-1 if frame == "last" else 0])


def fitting_frame(frames: np.ndarray) -> Frame:
    """Return which frame of a moving picture, uint8 (N, H, W, C), shows its text best."""
    if _alike(frames):
        return "first"
    edges = _edges(frames)
    full = edges.max()
    if edges[-1] >= NEARLY * full and edges[0] < GROWN * full:
        return "last"
    if _edges(framed(frames, "median")[None])[0] >= STEADY * full and edges.min() >= GROWN * full:
        return "median"
    if _edges(_union(frames)[None])[0] >= SPREAD * full:
        return "union"
    return "first" if edges[0] >= NEARLY * full else "fullest"


def commonest_frame(frames: Iterable[Frame | None]) -> Frame:
    """Return the frame that fits most moving pictures; None stands for a picture that does not move."""
    counts = Counter(frame for frame in frames if frame is not None)
    return max(counts, key=lambda frame: (counts[frame], FRAMES.index(frame))) if counts else "first"


def _alike(frames: np.ndarray) -> bool:
    return int((frames.max(axis=0).astype(int) - frames.min(axis=0)).max()) <= SAME_LEVELS


def _edges(frames: np.ndarray) -> np.ndarray:
    """Return float64 (N,), how many neighbours are far apart in each frame; specks, which are noise, do not count."""
    grey = np.stack([cv2.medianBlur(frame.mean(axis=2).astype(np.uint8), 3) for frame in frames]).astype(np.int16)
    across, down = (np.abs(np.diff(grey, axis=axis)) > EDGE_LEVELS for axis in (2, 1))
    return np.asarray(across.sum(axis=(1, 2)) + down.sum(axis=(1, 2)), np.float64)


def _union(frames: np.ndarray) -> np.ndarray:
    """Return for each pixel what is furthest from the page, which is the commonest level of all frames."""
    grey = frames.mean(axis=3)
    page = 16 * int(np.bincount((grey.astype(np.int64) >> 4).ravel(), minlength=16).argmax()) + 8
    furthest = np.abs(grey - page).argmax(axis=0)
    return np.asarray(np.take_along_axis(frames, furthest[None, :, :, None], axis=0)[0])
