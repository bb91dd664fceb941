"""What a few captchas are read as while a network is trained: a file in the run's folder, for whoever watches."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from captcha_core.errors import CaptchaError
from captcha_core.features.contract import Features
from captcha_core.files import read_json, write_json
from captcha_core.media.image import encode_png
from captcha_core.tracking.runs import RUNS

READINGS = "readings.json"
SHOWN = 8


@dataclass(frozen=True)
class Reading:
    """One captcha, its true text, and what the network reads of it so far; no picture where it is a clip."""

    text: str
    read: str
    png: bytes | None = None


def write_readings(run_id: str, epoch: int, readings: Sequence[Reading]) -> None:
    """Write what is read at the end of an epoch, counted from 1, over what was read before."""
    rows = [[one.text, one.read, base64.b64encode(one.png).decode() if one.png else ""] for one in readings]
    folder = RUNS / run_id
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / READINGS, {"epoch": epoch, "readings": rows})


def read_readings(run_id: str) -> tuple[int, list[Reading]]:
    """Return the epoch and what was read at its end; 0 and nothing before the first, or on another machine."""
    try:
        found = read_json(RUNS / run_id / READINGS)
        rows = [Reading(text, read, base64.b64decode(png) or None) for text, read, png in found["readings"]]
        return int(found["epoch"]), rows
    except (CaptchaError, OSError, ValueError, KeyError, TypeError):
        return 0, []


def as_picture(features: Features, levels: np.ndarray) -> bytes | None:
    """Return what a network sees of a picture as a PNG file, None where a person would not know it again."""
    shown = features.upright(levels)
    if features.media != "image" or not features.is_whole or shown.dtype != np.uint8 or shown.ndim not in (2, 3):
        return None
    return encode_png(shown)
