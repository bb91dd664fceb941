"""Where a training on somebody's captchas starts: from the builtin reader, on the part of a picture it reads best."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from captcha_core.dataset.store import Dataset
from captcha_core.errors import DataError
from captcha_core.features.strip import LOOKS, StripFeatures
from captcha_core.media.image import decode_image
from captcha_core.models.decode import Limits, decode
from captcha_core.registry.versions import BUILTIN
from captcha_core.solver import Solver
from captcha_core.sources.programs.scheme import program_samples
from captcha_core.sources.scheme import Scheme
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample

PROGRAM_VALIDATION = 300  # captchas of a program, which may draw 10 a second
LOOKED_AT = 100  # samples by which the part of the picture is chosen
FEW, READS_SOME = 50, 0.3  # samples to learn from, of which the builtin reader reads a share: too few for a high rate

# found on real sets of 25 to 600 labels: a third of the rate that random weights want, and an end when nothing improves
RECIPE = {
    "minutes": 5.0, "learning_rate": 0.003, "batch_size": 32, "steps_per_epoch": 60, "augment": 0.5, "patience": 12,
    "finish": 8,
}  # fmt: skip
GENTLE = {"learning_rate": 0.0007, "patience": 4}  # what is known of all captchas is worth more than what few teach


@dataclass(frozen=True)
class Start:
    """A network of the zoo with its options, settings of its features, the model it takes over, and a recipe."""

    network: str
    options: dict[str, Any]
    features: dict[str, Any]
    start_from: str
    training: dict[str, Any]


def start_on(dataset: Dataset) -> Start:
    """Return how a training on a data set of images starts.

    Raises:
        DataError: If the data set cannot be read.
    """
    return start_on_samples(_some(dataset), dataset.spec)


def start_on_samples(samples: Sequence[Sample], spec: CaptchaSpec) -> Start:
    """Return how a training on labelled images of a specification starts.

    The builtin reader looks at them whole, nearer and narrower; where it reads most of them right, the training looks
    as well. Of a script that it does not know it sees the whole picture.
    """
    solver, few, aspect = Solver.load(BUILTIN), len(samples) < FEW, _widest(samples[:LOOKED_AT], spec)
    samples = samples[:LOOKED_AT] if spec.share_known(solver.spec) >= 0.5 else []
    looks = [StripFeatures(zoom=zoom, stretch=stretch) for zoom, stretch in ((1.0, 1.0), *LOOKS)]
    hits = [_hits(solver, samples, spec, look) if samples else (0.0, 0.0) for look in looks]
    best = looks[hits.index(max(hits))]
    recipe = RECIPE | GENTLE if few and max(hits)[0] >= READS_SOME else RECIPE
    strips, config = StripFeatures.of(spec, best.zoom, best.stretch, aspect), solver.bundle.config
    features = strips.model_dump(include={"width_px", "zoom", "stretch"})
    return Start(config.network, dict(config.options), features, BUILTIN, recipe)


def start_on_program(program: Scheme) -> Start:
    """Return how a training on a program's images starts: they come without end, so it goes on to its time's end.

    Raises:
        DataError: If the program fails.
    """
    start = start_on_samples(program_samples(program, 0, range(LOOKED_AT)), program.spec)
    return replace(
        start, training={**start.training, "patience": 0, "finish": 0, "validation_samples": PROGRAM_VALIDATION}
    )


def options_of_builtin(network: str) -> dict[str, Any]:
    """Return the options with which a network takes over the builtin reader's weights; none for another network."""
    config = Solver.load(BUILTIN).bundle.config
    return dict(config.options) if config.network == network else {}


def _some(dataset: Dataset) -> list[Sample]:
    """Return labelled training samples from all over a data set."""
    count = dataset.counts.get("train", 0)
    wanted = {round(place) for place in np.linspace(0, count - 1, min(count, LOOKED_AT))} if count else set()
    chosen = (one for index, one in enumerate(dataset.samples("train")) if index in wanted)
    return [one for one in chosen if one.text is not None]


def _widest(samples: Sequence[Sample], spec: CaptchaSpec) -> float | None:
    """Return the greatest width of a picture over its height, None where no picture can be read."""
    aspects = []
    for one in samples:
        with contextlib.suppress(DataError):  # the training will say so
            height, width = decode_image(one.media, 3, frame=spec.frame).shape[:2]
            aspects.append(width / height)
    return max(aspects, default=None)


def _hits(solver: Solver, samples: Sequence[Sample], spec: CaptchaSpec, features: StripFeatures) -> tuple[float, float]:
    """Return how many texts are read, whatever their case, and where two are alike how surely."""
    strips, texts = [], []
    for one in samples:
        try:
            strips.append(features.from_media(one.media, spec))
        except DataError:  # the training will say so
            continue
        texts.append((one.text or "").casefold())
    if not strips:
        return 0.0, 0.0
    limits = Limits.within(solver.spec, spec.alphabet, spec.min_length, spec.max_length)
    readings = [decode(solver.bundle.config.head, logits, limits) for logits in solver.logits(np.stack(strips))]
    right = [solver.spec.charset.decode(one.ids).casefold() == text for one, text in zip(readings, texts, strict=True)]
    return float(np.mean(right)), float(np.mean([one.confidence for one in readings]))
