"""A source of tiny samples for tests of writing: quick, seeded, and importable by worker processes."""

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass

from captcha_core.dataset.split import SplitRule
from captcha_core.dataset.store import Plan
from captcha_core.errors import SpecError
from captcha_core.sources.scheme import Knobs, Scheme
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample

SPEC = CaptchaSpec.build(
    media="image", alphabet="0123456789", min_length=4, max_length=4, height_px=16, width_px=32, channels=1
)


class SpeckKnobs(Knobs):
    specks: int = 3


SCHEME = Scheme(name="specks", description="Bytes that stand for pictures", spec=SPEC, knobs=SpeckKnobs())


def draw_samples(scheme: Scheme, seed: int, indices: range, texts: Sequence[str] | None = None) -> list[Sample]:
    """Samples whose bytes and text depend on (seed, index) alone."""
    samples = []
    for place, index in enumerate(indices):
        text = texts[place] if texts else f"{(index * 7919 + seed) % 10_000:04d}"
        origin = {"source": "fake", "scheme": scheme.name, "seed": seed, "index": index}
        samples.append(Sample(f"{seed} {index} {text}".encode() * 20, text, f"{index:07d}_{text}.png", origin))
    return samples


def draw_slowly(scheme: Scheme, seed: int, indices: range, texts: Sequence[str] | None = None) -> list[Sample]:
    """The same, slowly enough to be killed on the way."""
    time.sleep(0.03)
    return draw_samples(scheme, seed, indices, texts)


def specks(indices: range) -> list[Sample]:
    """:func:`draw_samples` of seed 1, as the writer calls it."""
    return draw_samples(SCHEME, 1, indices)


def specks_slowly(indices: range) -> list[Sample]:
    return draw_slowly(SCHEME, 1, indices)


def refuse_to_draw(indices: range) -> list[Sample]:
    raise SpecError("expected a wider picture, received 8 pixels; widen it.")


def die(indices: range) -> list[Sample]:
    """Die as a process does that the kernel kills."""
    os._exit(9)


@dataclass(frozen=True)
class Mortal:
    """Work that gives its number back, and that the kernel kills at some."""

    deadly: frozenset[int]

    def __call__(self, number: int) -> int:
        if number in self.deadly:
            os._exit(9)
        return number


def small_plan(count: int = 100, shard_size: int = 10, seed: int = 1) -> Plan:
    """A plan of many small shards."""
    rule = SplitRule.of_shares((0.8, 0.1, 0.1))
    return Plan(
        source="fast", spec=SPEC, scheme="specks", seed=seed, count=count, split=rule, shard_size=shard_size,
        generator="test",
    )  # fmt: skip


def held_signals(number: int) -> list[int]:
    """What a worker never hears, asked in the worker."""
    return [int(one) for one in signal.pthread_sigmask(signal.SIG_BLOCK, [])]
