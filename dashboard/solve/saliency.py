"""What a network looked at: which parts of its input the answer hangs on.

Occlusion (Zeiler and Fergus 2014, "Visualizing and Understanding Convolutional Networks"): a patch is hidden at one
place after the other, and how much less the network believes in its own answer is the weight of that place. It needs
nothing but the solver: no gradients, no TensorFlow.
"""

from dataclasses import dataclass

import numpy as np

from captcha_core.errors import DataError
from captcha_core.models.decode import Limits, decode, log_softmax
from captcha_core.solver import Solver

PATCHES_HIGH = 6  # patches over the shorter side; they overlap by half
BATCH = 64


@dataclass(frozen=True)
class Saliency:
    """How much each place mattered.

    Args:
        drops: Loss of log-probability (P, T) of each of T steps when patch p is hidden.
        patches: (top, left) of each patch (P, 2).
        patch: (height, width) of a patch.
        shape: (H, W) of the input.
        spans: The steps (start, end) of each character of the answer.
    """

    drops: np.ndarray
    patches: np.ndarray
    patch: tuple[int, int]
    shape: tuple[int, int]
    spans: tuple[tuple[int, int], ...]

    def heat(self, character: int | None = None) -> np.ndarray:
        """Return float32 (H, W) in [0, 1]: how much each place mattered to one character, by default to all."""
        start, end = (0, None) if character is None else self.spans[character]
        weights = np.maximum(0.0, self.drops[:, start:end].mean(axis=1))
        total, count = np.zeros(self.shape, np.float32), np.zeros(self.shape, np.float32)
        for (top, left), weight in zip(self.patches, weights, strict=True):
            place = np.s_[top : top + self.patch[0], left : left + self.patch[1]]
            total[place] += weight
            count[place] += 1
        heat = total / np.maximum(1, count)
        return heat / max(float(heat.max()), 1e-9)


def can_look(solver: Solver) -> bool:
    """Return whether a solver's input is a picture or a spectrogram, place by place as a person sees it."""
    return solver.bundle.config.features.is_whole


def look(solver: Solver, media: bytes) -> Saliency:
    """Hide one patch after the other.

    Raises:
        DataError: If the media cannot be read, or the network does not see it place by place.
    """
    if not can_look(solver):
        raise DataError("expected a network that sees the whole captcha, received one that sees it in pieces.")
    features = solver.features(media)
    height, width = features.shape[:2]
    side = max(2, round(min(height, width) / PATCHES_HIGH))
    patch = (side, side)
    step = max(1, side // 2)
    patches = np.array([(y, x) for y in range(0, height - step, step) for x in range(0, width - step, step)])
    logits = solver.logits(features[None])
    base = log_softmax(logits)[0]
    decoded = decode(solver.bundle.config.head, logits[0], Limits.of(solver.spec))
    chosen = base.argmax(axis=1)
    steps = np.arange(len(chosen))
    drops = np.empty((len(patches), len(chosen)), np.float32)
    page = _page(features)
    for first in range(0, len(patches), BATCH):
        some = patches[first : first + BATCH]
        batch = np.repeat(features[None], len(some), axis=0)
        for row, (top, left) in zip(batch, some, strict=True):
            row[top : top + side, left : left + side] = page
        hidden = log_softmax(solver.logits(batch))
        drops[first : first + len(some)] = base[steps, chosen] - hidden[:, steps, chosen]
    spans = tuple((int(start), int(end)) for start, end in decoded.spans)
    return Saliency(drops, patches, patch, (height, width), spans)


def _page(features: np.ndarray) -> np.ndarray:
    """Return what a hidden place looks like: the median of the border, per channel."""
    border = np.concatenate([features[0], features[-1], features[:, 0], features[:, -1]])
    return np.asarray(np.median(border, axis=0), features.dtype)
