"""Fresh captchas of any scheme, and how hard they may get before a model breaks."""

import secrets
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from captcha_core.errors import SpecError
from captcha_core.evaluation.metrics import exact_match
from captcha_core.solver import Solver
from captcha_core.sources.scheme import Scheme, can_turn, harder
from captcha_core.sources.scheme_files import scheme_files
from captcha_core.sources.schemes import SCHEMES
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample

LEVELS = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0)


def fitting(solver: Solver) -> list[str]:
    """Return the schemes a model can be tried on: those whose texts it can read first, then others of its medium.

    The YAML files of schemes in the folder that the dashboard was started in are among them.
    """
    spec = solver.spec
    schemes = {**SCHEMES, **scheme_files(Path(), SCHEMES)}
    own = [name for name, scheme in schemes.items() if can_read(spec, scheme.spec)]
    own.sort(key=lambda name: (not can_turn(schemes[name]), bool(schemes[name].spec.difference(spec))))
    return own + [name for name, scheme in schemes.items() if scheme.spec.media == spec.media and name not in own]


def can_read(spec: CaptchaSpec, other: CaptchaSpec) -> bool:
    """Return whether every text of one specification can be an answer under another, ``spec``."""
    within = spec.min_length <= other.min_length and other.max_length <= spec.max_length
    known = {spec.charset.normalised(character) for character in spec.alphabet}
    return spec.media == other.media and within and all(spec.charset.normalised(one) in known for one in other.alphabet)


def fresh(scheme: Scheme, count: int = 1, seed: int | None = None) -> list[Sample]:
    """Draw samples that nobody has seen.

    Raises:
        SpecError: If this scheme cannot be drawn here.
    """
    from captcha_core.sources.generate import draw_samples  # with Numba: only who draws pays for it

    return draw_samples(scheme, secrets.randbelow(2**31) if seed is None else seed, range(count))


def breaking_point(
    solver: Solver, scheme: Scheme, count: int, levels: Sequence[float] = LEVELS, seed: int = 7
) -> pd.DataFrame:
    """Read fresh captchas of rising difficulty: ``difficulty``, ``exact_match``, ``low``, ``high``, ``n``.

    Raises:
        SpecError: If this scheme cannot be drawn here.
    """
    rows = []
    for level in levels:
        try:
            samples = fresh(harder(scheme, level), count, seed)
        except SpecError:
            continue  # a knob that this level cannot have
        answers = solver.solve_many([sample.media for sample in samples])
        truth = [solver.spec.charset.normalised(sample.text or "") for sample in samples]  # what it lacks is read wrong
        share = exact_match(truth, [answer.text for answer in answers])
        rows.append((level, share.value, *share.interval, share.n))
    return pd.DataFrame(rows, columns=["difficulty", "exact_match", "low", "high", "n"])
