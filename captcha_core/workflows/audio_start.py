"""How a training on somebody's audio captchas starts: what is heard of a clip, and a recipe for few of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from captcha_core.dataset.store import Dataset
from captcha_core.errors import DataError
from captcha_core.features.repetition import last_pass
from captcha_core.media.audio import decode_audio
from captcha_core.registry.versions import BUILTIN_AUDIO
from captcha_core.solver import Solver
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample

HEARD = 100  # clips by which it is decided whether everything is said twice
MOST_SAY_TWICE = 0.8
LEAST_KNOWN = 0.5  # of the characters, that a network has heard which is started from
OF_THE_LISTENER = {"rate_hz", "hop", "window", "mels"}  # of its features, which its weights mean
ROOM = 1.1  # for passes longer than any that was heard

# found on the validation splits of two real sets of 45 and 156 clips to learn from
RECIPE = {
    "minutes": 10.0, "learning_rate": 0.005, "batch_size": 32, "steps_per_epoch": 50, "augment": 1.0,
}  # fmt: skip
KNOWING = {  # for a network that has heard others
    "learning_rate": 0.003, "batch_size": 16, "steps_per_epoch": 30, "augment": 0.5, "patience": 12,
}  # fmt: skip


@dataclass(frozen=True)
class AudioStart:
    """Options of the network, settings of its features, the model it takes over, and a recipe."""

    options: dict[str, Any]
    features: dict[str, Any]
    start_from: str
    training: dict[str, Any]


def start_on_clips(dataset: Dataset, start_from: str = BUILTIN_AUDIO) -> AudioStart:
    """Return how a training on a data set of clips starts.

    Args:
        start_from: The model whose weights are taken over; empty for random ones.

    Raises:
        DataError: If the data set cannot be read.
    """
    heard: list[Sample] = []
    for one in dataset.samples("train") if dataset.counts.get("train") else ():
        if one.text is not None:
            heard.append(one)
        if len(heard) == HEARD:
            break
    return start_on_samples(heard, dataset.spec, start_from)


def start_on_samples(samples: Sequence[Sample], spec: CaptchaSpec, start_from: str = BUILTIN_AUDIO) -> AudioStart:
    """Return how a training on labelled clips of a specification starts.

    Where four of five say everything twice, the second time alone is looked at. The network begins as one that has
    heard digits and letters in many voices, and sees what that one saw of a second: few clips alone do not tell random
    weights where in them anything is said.

    Args:
        start_from: The model whose weights are taken over, and by whose options and rate its like is built; empty for
            random weights.
    """
    passes = [
        len(one) / spec.rate_hz for one in map(lambda sample: _last_pass(sample, spec), samples) if one is not None
    ]
    twice = len(passes) >= max(1.0, MOST_SAY_TWICE * len(samples))
    seconds = min(spec.seconds, round(ROOM * max(passes), 1)) if twice else 0.0
    heard: dict[str, Any] = {"said_twice": True, "max_seconds": seconds} if twice else {}
    listener = Solver.load(start_from) if start_from else None
    strange = start_from == BUILTIN_AUDIO and listener and spec.share_known(listener.spec) < LEAST_KNOWN
    if listener is None or strange:
        return AudioStart({}, heard, "", RECIPE)
    config = listener.bundle.config
    known = config.features.model_dump(include=OF_THE_LISTENER)
    return AudioStart(dict(config.options), {**known, **heard}, start_from, RECIPE | KNOWING)


def _last_pass(sample: Sample, spec: CaptchaSpec) -> np.ndarray | None:
    try:
        return last_pass(decode_audio(sample.media, spec.rate_hz, spec.seconds))
    except DataError:  # the training will say so
        return None
