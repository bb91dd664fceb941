"""How a training on somebody's audio captchas starts: what is heard of a clip, and a recipe for few of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from captcha_core.dataset.store import Dataset
from captcha_core.errors import DataError
from captcha_core.features.repetition import last_pass
from captcha_core.media.audio import decode_audio
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample

HEARD = 100  # clips by which it is decided whether everything is said twice
MOST_SAY_TWICE = 0.8
ROOM = 1.1  # for passes longer than any that was heard

# found on the validation splits of two real sets of 45 and 156 clips to learn from
RECIPE = {
    "minutes": 10.0, "learning_rate": 0.005, "batch_size": 32, "steps_per_epoch": 50, "augment": 1.0,
}  # fmt: skip


@dataclass(frozen=True)
class AudioStart:
    """Settings of the features, and a recipe."""

    features: dict[str, Any]
    training: dict[str, Any]


def start_on_clips(dataset: Dataset) -> AudioStart:
    """Return how a training on a data set of clips starts.

    Raises:
        DataError: If the data set cannot be read.
    """
    heard: list[Sample] = []
    for one in dataset.samples("train") if dataset.counts.get("train") else ():
        if one.text is not None:
            heard.append(one)
        if len(heard) == HEARD:
            break
    return start_on_samples(heard, dataset.spec)


def start_on_samples(samples: Sequence[Sample], spec: CaptchaSpec) -> AudioStart:
    """Return how a training on labelled clips of a specification starts.

    Where four of five say everything twice, the second time alone is looked at.
    """
    passes = [
        len(one) / spec.rate_hz for one in map(lambda sample: _last_pass(sample, spec), samples) if one is not None
    ]
    if len(passes) < max(1.0, MOST_SAY_TWICE * len(samples)):
        return AudioStart({}, RECIPE)
    seconds = min(spec.seconds, round(ROOM * max(passes), 1))
    return AudioStart({"said_twice": True, "max_seconds": seconds}, RECIPE)


def _last_pass(sample: Sample, spec: CaptchaSpec) -> np.ndarray | None:
    try:
        return last_pass(decode_audio(sample.media, spec.rate_hz, spec.seconds))
    except DataError:  # the training will say so
        return None
