"""Small distortions that make few real images go far."""

from collections.abc import Callable

import cv2
import numpy as np

Augment = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def augment_images(pixels: np.ndarray, rng: np.random.Generator, strength: float) -> np.ndarray:
    """Return uint8 (B, H, W, C) with each image shifted, turned, scaled, sheared, re-lit, and a few made noisy.

    Nothing is mirrored, and at full strength a character still is itself: up to 6 degrees, 10 % in scale, 0.15 in
    shear, 6 % of the height and 4 % of the width in place.

    Args:
        pixels: uint8 (B, H, W, C).
        rng: Source of every choice.
        strength: 0 (nothing) to 1.
    """
    count, height, width, channels = pixels.shape
    out = np.empty_like(pixels)
    middle, shift_px = (width / 2, height / 2), (0.04 * width, 0.06 * height)
    matrices = _affine(rng, count, strength, 6, 0.1, 0.15, middle, shift_px)
    gain = 1 + strength * rng.uniform(-0.25, 0.25, size=(count,))
    offset = strength * rng.uniform(-25, 25, size=(count,))
    noisy = rng.random(size=(count,)) < 0.3 * strength
    for index, image in enumerate(pixels):
        border = [float(v) for v in np.median(image.reshape(-1, channels), axis=0)]
        moved = cv2.warpAffine(
            image, matrices[index], (width, height), borderMode=cv2.BORDER_CONSTANT, borderValue=border
        )
        lit = moved.reshape(image.shape) * gain[index] + offset[index]
        if noisy[index]:
            lit = lit + rng.normal(0, 12 * strength, image.shape)
        out[index] = np.clip(lit, 0, 255)
    return out


def augment_letters(squares: np.ndarray, rng: np.random.Generator, strength: float) -> np.ndarray:
    """Return uint8 (B, L, S, S, C) with each letter turned, sheared, scaled and shifted on its black square.

    At full strength up to 40 degrees, 0.3 in shear, 20 % in scale and 8 % of the side in place. Empty squares stay
    empty.
    """
    side, channels = squares.shape[2], squares.shape[4]
    flat = squares.reshape(-1, side, side, channels)
    middle, shift_px = ((side - 1) / 2,) * 2, (0.08 * side,) * 2
    matrices = _affine(rng, len(flat), strength, 40, 0.2, 0.3, middle, shift_px)
    out = np.zeros_like(flat)
    for index in np.flatnonzero(flat.any(axis=(1, 2, 3))):
        out[index] = cv2.warpAffine(flat[index], matrices[index], (side, side)).reshape(side, side, channels)
    return out.reshape(squares.shape)


def _affine(
    rng: np.random.Generator,
    count: int,
    strength: float,
    degrees: float,
    scaling: float,
    shearing: float,
    middle_px: tuple[float, float],
    shift_px: tuple[float, float],
) -> np.ndarray:
    """Return random affine matrices (count, 2, 3) about a point (x, y); the limits are those of full strength."""
    angle = np.radians(strength * rng.uniform(-degrees, degrees, count))
    scale = 1 + strength * rng.uniform(-scaling, scaling, (count, 2))
    shear = strength * rng.uniform(-shearing, shearing, count)
    shift = strength * rng.uniform(-1, 1, (count, 2)) * shift_px
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.stack([np.stack([cos, -sin + shear], axis=1), np.stack([sin, cos], axis=1)], axis=1) * scale[:, None, :]
    middle = np.array(middle_px)
    return np.concatenate([turn, (middle - turn @ middle + shift)[:, :, None]], axis=2)
