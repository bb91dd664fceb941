"""Bent pictures and texts: waves, ripples, a lens, perspective, shear, displaced rows."""

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np

from captcha_core.sources.wild.dice import Dice
from captcha_core.sources.wild.layout import Layer
from captcha_core.sources.wild.picture import Picture


class Bend(NamedTuple):
    """From where each pixel is taken: float32 (H, W) columns and rows."""

    columns: np.ndarray
    rows: np.ndarray


def bend_text(layer: Layer, bend: Bend) -> Layer:
    """Return a text bent."""
    alpha = cv2.remap(layer.alpha, bend.columns, bend.rows, cv2.INTER_LINEAR)
    owner = cv2.remap(layer.owner, bend.columns, bend.rows, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
    return layer._replace(alpha=alpha, owner=owner)


def bend_picture(picture: Picture, bend: Bend) -> None:
    """Bend all that is drawn; what comes in from outside is the page."""
    picture.image = cv2.remap(
        picture.image, bend.columns, bend.rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT,
        borderValue=picture.page,
    )  # fmt: skip
    picture.ink = cv2.remap(picture.ink, bend.columns, bend.rows, cv2.INTER_LINEAR)


def _axes(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)


def waves(dice: Dice, height: int, width: int, strength: float = 1.0) -> Bend:
    """Return waves across, down, or both."""
    xs, ys = _axes(height, width)
    kind = dice.pick((1, 1, 2, 3))
    columns, rows = np.tile(xs, (height, 1)), np.tile(ys[:, None], (1, width))
    if kind & 1:
        rows += _wave(dice, xs, height * dice.between(0.03, 0.12) * strength, height)[None, :]
    if kind & 2:
        columns += _wave(dice, ys, height * dice.between(0.02, 0.09) * strength, height)[:, None]
    return Bend(columns, rows)


def _wave(dice: Dice, places: np.ndarray, size: float, height: int) -> np.ndarray:
    length, phase = height * dice.between(0.8, 4.5), dice.between(0, 6.3)
    wave = size * np.sin(places * (6.2832 / length) + phase)
    if dice.chance(0.3):
        wave += 0.4 * size * np.sin(places * (6.2832 * 2.3 / length) + dice.between(0, 6.3))
    return np.asarray(wave, dtype=np.float32)


def lens(dice: Dice, height: int, width: int, strength: float = 1.0) -> Bend:
    """Return a fish-eye, or rings of ripples."""
    xs, ys = _axes(height, width)
    middle = width * dice.between(0.25, 0.75), height * dice.between(0.3, 0.7)
    across, down = xs[None, :] - middle[0], ys[:, None] - middle[1]
    far = np.sqrt(across * across + down * down) + np.float32(1e-3)
    if dice.chance(0.5):
        reach = max(width, height) * dice.between(0.3, 0.8)
        pull = 1 - strength * dice.between(0.15, 0.4) * np.exp(-((far / reach) ** 2) * 3)
    else:
        size = height * dice.between(0.015, 0.05) * strength
        pull = 1 + size * np.sin(far * (6.2832 / (height * dice.between(0.3, 1.0))) + dice.between(0, 6.3)) / (far + 4)
    return Bend((middle[0] + across * pull).astype(np.float32), (middle[1] + down * pull).astype(np.float32))


def rubber(dice: Dice, height: int, width: int, strength: float = 1.0) -> Bend:
    """Return a sheet of rubber, pulled here and there."""
    xs, ys = _axes(height, width)
    down, across = 3, max(3, width * 3 // height)
    pulls = (dice.units(2 * down * across).astype(np.float32) - 0.5).reshape(2, down, across)
    size = height * dice.between(0.1, 0.25) * strength
    smooth = [cv2.resize(pull, (width, height), interpolation=cv2.INTER_CUBIC) * size for pull in pulls]
    return Bend(smooth[0] + xs[None, :], smooth[1] + ys[:, None])


def tilt(dice: Dice, height: int, width: int, strength: float = 1.0) -> Bend:
    """Return a plane seen from aside: perspective, shear and a slight turn."""
    xs, ys = _axes(height, width)
    x, y = xs[None, :] / width - 0.5, ys[:, None] / height - 0.5
    shear, turn = dice.between(-0.5, 0.5) * strength, dice.between(-0.12, 0.12) * strength
    deep = 1 + dice.between(-0.35, 0.35) * strength * x + dice.between(-0.25, 0.25) * strength * y
    columns = (x + shear * y * height / width) / deep
    rows = (y + turn * x * width / height) / deep
    return Bend(((columns + 0.5) * width).astype(np.float32), ((rows + 0.5) * height).astype(np.float32))


def slices(dice: Dice, height: int, width: int, strength: float = 1.0) -> Bend:
    """Return strips that are moved against each other."""
    xs, ys = _axes(height, width)
    step = max(2, int(height * dice.between(0.08, 0.3)))
    moves = (dice.units(height // step + 2).astype(np.float32) - 0.5) * height * 0.14 * strength
    columns = xs[None, :] + moves[(ys // step).astype(np.intp)][:, None]
    return Bend(columns.astype(np.float32), np.tile(ys[:, None], (1, width)))


BENDS: tuple[Callable[[Dice, int, int, float], Bend], ...] = (waves, waves, lens, rubber, tilt, slices)


def any_bend(dice: Dice, height: int, width: int, strength: float = 1.0) -> Bend:
    """Return one of all kinds."""
    return dice.pick(BENDS)(dice, height, width, strength)
