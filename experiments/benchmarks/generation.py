"""How fast pictures are drawn beside the `captcha` package, and whether they can be told from the package's.

The two-sample test (Lopez-Paz and Oquab, 2017): a gradient-boosted classifier learns to tell two sets of pictures
apart by histograms of their levels and gradients; on unseen pictures it is right half the time if it cannot. The
package against itself is the null; text blended in the ordinary way is the control that it must see.
"""

import os
import resource
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Any

import numpy as np

from captcha_core.sources.generate import texts
from captcha_core.sources.image_render import draw_batch
from captcha_core.sources.reference import draw_pictures
from captcha_core.sources.scheme import Scheme
from captcha_core.sources.schemes import get_scheme
from experiments.benchmarks.timing import one_core, rate, rates_in_turn

SEED = 1
Draw = Callable[[Scheme, range], np.ndarray]


def run(
    pictures: int = 2_000,
    package_pictures: int = 400,
    rounds: int = 5,
    learn: int = 4_000,
    test: int = 1_000,
) -> dict[str, Any]:
    """Measure speed at 1, 4 and 8 characters, and the two-sample scores.

    Args:
        pictures: Drawn by our renderer in each round, and
        package_pictures: by the package beside it; the median of the rounds counts.
        learn: Pictures of each kind that the classifier learns from.
    """
    counts = {"fast": pictures, "exact": pictures, "package": package_pictures}
    schemes = {length: _of_length(length) for length in (1, 4, 8)}
    with one_core():
        speed = [{"characters": n, **_speeds(scheme, counts, rounds)} for n, scheme in schemes.items()]
    return {
        "suite": "generation",
        "one_core": speed,
        "all_cores": _all_cores(schemes[4], counts),
        "two_sample": two_sample(learn, test),
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def fast(scheme: Scheme, indices: range) -> np.ndarray:
    """Draw as a training does."""
    return draw_batch(scheme, SEED, indices, texts(scheme, SEED, indices))


def exact(scheme: Scheme, indices: range) -> np.ndarray:
    """Draw pixel for pixel as the package does."""
    return draw_batch(scheme, SEED, indices, texts(scheme, SEED, indices), exact=True)


def package(scheme: Scheme, indices: range) -> np.ndarray:
    """Let the package draw."""
    return draw_pictures(scheme, texts(scheme, SEED, indices))


DRAW: dict[str, Draw] = {"fast": fast, "exact": exact, "package": package}


def _of_length(length: int) -> Scheme:
    scheme = get_scheme("digits4")
    spec = scheme.spec.model_copy(update={"min_length": length, "max_length": length})
    return scheme.model_copy(update={"spec": spec})


def _speeds(scheme: Scheme, counts: dict[str, int], rounds: int) -> dict[str, float]:
    """Return pictures per second of each way, all in turn, and our ratio to the package."""
    ways = {name: partial(draw, scheme) for name, draw in DRAW.items()}
    for draw in ways.values():
        draw(range(10))  # start-up is not counted
    middle = rates_in_turn(ways, counts, rounds)
    return {**middle, "ratio": middle["fast"] / middle["package"]}


def _all_cores(scheme: Scheme, counts: dict[str, int]) -> dict[str, float]:
    """Return pictures per second with a thread a core for ours and a process a core for the package."""
    cores = os.cpu_count() or 1
    found: dict[str, float] = {"cores": cores}
    with ThreadPoolExecutor(cores) as threads, ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as workers:
        list(workers.map(package, [scheme] * cores, [range(10)] * cores))  # start-up is not counted
        for name, pool in (("fast", threads), ("exact", threads), ("package", workers)):
            parts = [range(core * counts[name], (core + 1) * counts[name]) for core in range(cores)]
            work = partial(pool.map, DRAW[name], [scheme] * cores, parts)
            found[name] = rate(cores * counts[name], lambda work=work: list(work()))  # type: ignore[misc]
    return {**found, "ratio": found["fast"] / found["package"]}


def two_sample(learn: int, test: int, scheme: str = "digits4") -> dict[str, float]:
    """Return how often a classifier is right about unseen pictures: ours, the null and the control."""
    count, ours = learn + test, get_scheme(scheme)
    reference = _histograms(package(ours, range(count)))
    others = {
        "fast": fast(ours, range(count, 2 * count)),
        "null": package(ours, range(count, 2 * count)),
        "control": fast(ours.turned(antialias=True), range(count, 2 * count)),
    }
    scores = {name: _distinguished(reference, _histograms(images), learn) for name, images in others.items()}
    return {**scores, "learn_each": learn, "test_each": test}


def _distinguished(one: np.ndarray, other: np.ndarray, learn: int) -> float:
    from sklearn.ensemble import HistGradientBoostingClassifier

    x = np.concatenate([one[:learn], other[:learn]])
    y = np.repeat([0, 1], learn)
    unseen = np.concatenate([one[learn:], other[learn:]])
    truth = np.repeat([0, 1], [len(one) - learn, len(other) - learn])
    classifier = HistGradientBoostingClassifier(max_iter=200, learning_rate=0.05, random_state=0).fit(x, y)
    return float((classifier.predict(unseen) == truth).mean())


def _histograms(images: np.ndarray) -> np.ndarray:
    """Return (B, 256 + 2 * 128) counts: levels, and the sizes of horizontal and vertical steps in pairs of levels."""
    grey = images[:, :, :, 0].astype(np.int16)
    across = np.abs(np.diff(grey, axis=2)) // 2
    down = np.abs(np.diff(grey, axis=1)) // 2
    return np.stack(
        [
            np.concatenate([np.bincount(part.ravel(), minlength=n) for part, n in ((a, 256), (b, 128), (c, 128))])
            for a, b, c in zip(grey, across, down, strict=True)
        ]
    )
