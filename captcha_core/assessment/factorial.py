"""Eleven knobs at once in twelve readings: the main effect of each, while all others go up and down.

Plackett and Burman (1946): at two levels, every main effect is free of the others. One knob at a time shows a knob on
the scheme as it is; this shows it on average over what else may be switched on.
"""

from collections.abc import Sequence

import numpy as np

from captcha_core.assessment.knobs import levels_of
from captcha_core.sources.scheme import Knobs, Scheme

FIRST_ROW = "++-+++---+-"


def plackett_burman() -> list[tuple[bool, ...]]:
    """Return the twelve runs of the design: which of eleven factors are at their high level."""
    row = [sign == "+" for sign in FIRST_ROW]
    runs = [tuple(row[-shift:] + row[:-shift]) if shift else tuple(row) for shift in range(11)]
    return [*runs, (False,) * 11]


def main_effects(names: Sequence[str], shares: Sequence[float]) -> dict[str, float]:
    """Return for each factor, at most eleven, the mean at its high level less that at its low one."""
    runs = plackett_burman()
    return {
        name: float(
            np.mean([share for share, run in zip(shares, runs, strict=True) if run[place]])
            - np.mean([share for share, run in zip(shares, runs, strict=True) if not run[place]])
        )
        for place, name in enumerate(names)
    }


def factorial_schemes(scheme: Scheme, names: Sequence[str]) -> list[Scheme]:
    """Return the twelve schemes of the design over knobs with numbers: at their plainest and their third level.

    Raises:
        SpecError: If a combination cannot be.
    """
    levels = levels_of(scheme.knobs)
    return [
        scheme.turned(**{name: levels[name][2 if high else 0] for name, high in zip(names, run, strict=False)})
        for run in plackett_burman()
    ]


def factors_of(knobs: Knobs) -> list[str]:
    """Return at most eleven knobs with numbers."""
    return [*levels_of(knobs)][:11]
