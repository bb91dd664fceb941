"""Small distortions that make few real images go far."""

from functools import partial

import cv2
import numpy as np

from captcha_core.features.batches import Augment
from captcha_core.features.kinds import Features


def augmentation(features: Features, strength: float) -> Augment | None:
    """Return what distorts batches of these features, or None where the strength is 0 or nothing fits."""
    known = {"image": augment_images, "letters": augment_letters}
    return partial(known[features.kind], strength=strength) if strength and features.kind in known else None


def augment_images(pixels: np.ndarray, rng: np.random.Generator, strength: float) -> np.ndarray:
    """Return uint8 (B, H, W, C) with each image shifted, turned, scaled, sheared, re-lit, and a few made noisy.

    Nothing is mirrored, and at full strength a character still is itself: up to 6 degrees, 10 % in scale, 0.15 in
    shear, 6 % of the height and 4 % of the width in place.

    Args:
        pixels: uint8 (B, H, W, C).
        rng: Source of every choice.
        strength: 0 (nothing) to 1.
    """
    count, height, width, _ = pixels.shape
    out = np.empty_like(pixels)
    angle = np.radians(strength * rng.uniform(-6, 6, size=(count,)))
    scale = 1 + strength * rng.uniform(-0.1, 0.1, size=(count, 2))
    shear = strength * rng.uniform(-0.15, 0.15, size=(count,))
    shift = strength * rng.uniform(-1, 1, size=(count, 2)) * (0.04 * width, 0.06 * height)
    gain = 1 + strength * rng.uniform(-0.25, 0.25, size=(count,))
    offset = strength * rng.uniform(-25, 25, size=(count,))
    noisy = rng.random(size=(count,)) < 0.3 * strength
    middle = np.array([width / 2, height / 2])
    for index, image in enumerate(pixels):
        cos, sin = np.cos(angle[index]), np.sin(angle[index])
        turn = np.array([[cos, -sin + shear[index]], [sin, cos]]) * scale[index]
        matrix = np.column_stack([turn, middle - turn @ middle + shift[index]])
        border = [float(v) for v in np.median(image.reshape(-1, image.shape[2]), axis=0)]
        moved = cv2.warpAffine(
            image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=border
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
    count = len(flat)
    angle = np.radians(strength * rng.uniform(-40, 40, count))
    scale = 1 + strength * rng.uniform(-0.2, 0.2, (count, 2))
    shear = strength * rng.uniform(-0.3, 0.3, count)
    shift = strength * rng.uniform(-0.08, 0.08, (count, 2)) * side
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.stack([np.stack([cos, -sin + shear], axis=1), np.stack([sin, cos], axis=1)], axis=1) * scale[:, None, :]
    middle = np.full(2, (side - 1) / 2)
    matrix = np.concatenate([turn, (middle - turn @ middle + shift)[:, :, None]], axis=2)
    out = np.zeros_like(flat)
    for index in np.flatnonzero(flat.any(axis=(1, 2, 3))):
        out[index] = cv2.warpAffine(flat[index], matrix[index], (side, side)).reshape(side, side, channels)
    return out.reshape(squares.shape)
