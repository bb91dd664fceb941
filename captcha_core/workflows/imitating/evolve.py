"""A search over the knobs of the scheme ``site``: the best settings are changed a little, again and again."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from captcha_core.errors import SpecError
from captcha_core.workflows.imitating.traits import Traits

Values = dict[str, Any]
Draw = Callable[[np.random.Generator, Traits], Any]
LETTERINGS = ("fill", "fill", "fill", "fill", "outline", "edged", "double", "shadow", "dotted")
BENDINGS = ("waves", "lens", "rubber", "tilt", "slices")
BACKGROUNDS = ("flat", "flat", "flat", "gradient", "clouds", "scene")
MOST_CHANGES = 5
FRESH_SHARE = 0.12  # of the candidates that begin anew
START = 40  # candidates drawn at random before any is changed


def _sometimes(share: float, low: float, high: float) -> Draw:
    """Return 0, or in this share of all draws a number between two, small ones more often."""
    return lambda rng, _: round(float(low + (high - low) * rng.random() ** 2), 3) if rng.random() < share else 0.0


def _between(low: float, high: float) -> Draw:
    return lambda rng, _: round(float(rng.uniform(low, high)), 3)


def _pair(low: float, high: float, widest: float) -> Draw:
    def draw(rng: np.random.Generator, _: Traits) -> tuple[float, float]:
        least = rng.uniform(low, high)
        return round(float(least), 3), round(float(min(high, least + widest * rng.random())), 3)

    return draw


def _near(trait: str, spread: float, widest: float) -> Draw:
    """Return a pair around what was read off."""

    def draw(rng: np.random.Generator, traits: Traits) -> tuple[float, float]:
        middle = float(getattr(traits, trait)) * rng.uniform(1 - spread, 1 + spread)
        half = widest * rng.random() / 2
        least, most = (float(np.clip(middle + side, 0.12, 1.0)) for side in (-half, half))
        return round(least, 3), round(most, 3)

    return draw


def _count(share: float, most: int) -> Draw:
    def draw(rng: np.random.Generator, _: Traits) -> tuple[int, int]:
        least = int(most * rng.random() ** 2 * (rng.random() < share))
        return least, least + int(rng.integers(0, 1 + max(1, least // 2))) * (rng.random() < share)

    return draw


def _one_of(*values: Any) -> Draw:
    return lambda rng, _: values[int(rng.integers(len(values)))]


def _whole(share: float, most: int) -> Draw:
    return lambda rng, _: int(rng.random() < share) * int(rng.integers(1, most + 1))


def _thickness(rng: np.random.Generator, traits: Traits) -> tuple[int, int]:
    least = int(rng.integers(1, 2 + traits.size_px[0] // 20))
    return least, least + int(rng.integers(0, 2))


def _fonts(rng: np.random.Generator, _: Traits) -> tuple[str, ...]:
    """Return no names, for any of the machine's fonts, or those of a few."""
    from pathlib import Path

    from captcha_core.sources.wild.fonts import PLAIN_LIKENESS, examined, font_files

    if rng.random() < 0.35:
        return ()
    names: list[str] = []
    while len(names) < rng.integers(1, 4):
        path = font_files()[int(rng.integers(len(font_files())))]
        if examined(path).likeness >= PLAIN_LIKENESS - 0.08:
            names.append(Path(path).stem)
    return tuple(names)


GENES: dict[str, Draw] = {
    "fonts": _fonts,
    "common": _between(0, 1),
    "mixed": _one_of(0.0, 0.0, 0.2, 1.0),
    "strokes": _sometimes(0.1, 0.3, 1),
    "pixels": _sometimes(0.08, 0.5, 1),
    "aliased": _one_of(0.0, 0.0, 0.0, 0.3, 1.0),
    "height": _near("height", 0.2, 0.2),
    "fill": _near("fill", 0.15, 0.25),
    "wide": _pair(0.7, 1.3, 0.3),
    "rotate_deg": _sometimes(0.7, 1, 45),
    "slant": _sometimes(0.3, 0, 0.5),
    "spacing": _pair(0.7, 1.7, 0.3),
    "jitter": _sometimes(0.7, 0, 0.2),
    "size_change": _sometimes(0.4, 0, 0.35),
    "stretch": _sometimes(0.6, 0, 0.3),
    "swing": _sometimes(0.25, 0, 0.3),
    "edge": _between(0, 1),
    "lettering": _one_of(*LETTERINGS),
    "bold_px": _whole(0.3, 2),
    "bend": _sometimes(0.3, 0.2, 1.6),
    "bending": _one_of(*BENDINGS),
    "bends_all": _one_of(False, True),
    "background": _one_of(*BACKGROUNDS),
    "pepper": _sometimes(0.4, 0.002, 0.2),
    "lines": _count(0.5, 10),
    "curves": _count(0.35, 4),
    "line_px": _thickness,
    "dashes": _whole(0.25, 60),
    "dots": _whole(0.3, 80),
    "dot_px": _thickness,
    "colours": _one_of("ink", "ink", "page", "any"),
    "over": _one_of(0.0, 0.5, 1.0),
    "grain": _sometimes(0.3, 1, 25),
    "blur": _sometimes(0.25, 0.3, 1.2),
    "coarse": _one_of(1.0, 1.0, 1.0, 0.8, 0.6, 0.45),
}


NEEDED = {
    "bending": ("bend",), "bends_all": ("bend",), "line_px": ("lines", "curves"), "dot_px": ("dots",),
    "colours": ("lines", "curves", "dots", "dashes", "pepper"), "over": ("lines", "curves", "dots", "dashes", "pepper"),
}  # fmt: skip


def tidied(values: Values) -> Values:
    """Return settings without those that do not show because others are off."""
    on = {name for name, value in values.items() if (any(value) if isinstance(value, tuple) else value)}
    return {name: value for name, value in values.items() if name not in NEEDED or on.intersection(NEEDED[name])}


@dataclass(frozen=True, order=True)
class Candidate:
    """Settings and how far their captchas are from the given ones."""

    distance: float
    values: Values = field(compare=False)


@dataclass
class Evolution:
    """The search.

    Args:
        traits: What was read off: the start.
        measure: The distance of settings; raises SpecError for those that cannot be drawn.
        seed: Decides everything but the time that it takes.
        kept: Settings from which others are made.
    """

    traits: Traits
    measure: Callable[[Values], float]
    seed: int = 0
    kept: int = 16

    def __post_init__(self) -> None:
        self._rng = np.random.default_rng(self.seed)
        self.best: list[Candidate] = []
        self.tried = 0

    def run(self, trials: int, seconds: float, progress: Callable[[int], None] = lambda _: None) -> list[Candidate]:
        """Try settings until so many are tried or so much processor time is used; return the best, best first."""
        began_s = time.process_time()
        while self.tried < trials and time.process_time() - began_s < seconds:
            self._try(self._next())
            progress(1)
        return self.best

    def _next(self) -> Values:
        if self.tried < START or self._rng.random() < FRESH_SHARE:
            return {name: draw(self._rng, self.traits) for name, draw in GENES.items()}
        ranks = self._rng.integers(0, len(self.best), 2)
        values = dict(self.best[int(ranks.min())].values)
        if self._rng.random() < 0.3:  # some of another one's
            other = self.best[int(self._rng.integers(len(self.best)))].values
            values |= {name: other[name] for name in GENES if self._rng.random() < 0.3}
        for name in self._rng.choice(list(GENES), int(self._rng.integers(1, MOST_CHANGES)), replace=False):
            values[str(name)] = self._changed(str(name), values[str(name)])
        return values

    def _changed(self, name: str, value: Any) -> Any:
        """Return another value of a knob: any, or one between the old one and that."""
        fresh = GENES[name](self._rng, self.traits)
        if self._rng.random() < 0.5:
            return fresh
        if isinstance(value, float) and isinstance(fresh, float):
            return round((value + fresh) / 2, 3)
        if isinstance(value, tuple) and value and isinstance(value[0], float):
            return tuple(round((a + b) / 2, 3) for a, b in zip(value, fresh, strict=True))
        return fresh

    def _try(self, values: Values) -> None:
        self.tried += 1
        try:
            found = Candidate(self.measure(values), values)
        except SpecError:  # settings that cannot be drawn together
            return
        self.best = sorted([*self.best, found])[: self.kept]
