"""Fresh captchas of any scheme, made easier or harder by one number, and where a model breaks on the way."""

import secrets
from collections.abc import Sequence
from typing import Any

import pandas as pd
from annotated_types import Le

from captcha_core.errors import SpecError
from captcha_core.evaluation.metrics import exact_match
from captcha_core.solver import Solver
from captcha_core.sources.scheme import Knobs, Scheme
from captcha_core.sources.schemes import SCHEMES
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample

SCALED = (
    "rotate_deg", "stretch_x", "stretch_y", "overlap", "jitter_x_px", "jitter_y_px", "gradient", "texture", "wave_px",
    "lines", "stars", "dots", "arcs", "max_speed_change", "max_pitch_change", "reverb_share", "telephone_share",
)  # fmt: skip
QUIETER = ("white_snr_db", "pink_snr_db", "babble_snr_db", "reversed_snr_db")
DECIBELS = 6.0  # of signal to noise for each step of difficulty
LEVELS = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0)


def fitting(solver: Solver) -> list[str]:
    """Return the schemes a model can be tried on: those of its own specification first, then others of its medium."""
    spec = solver.spec
    own = [name for name, scheme in SCHEMES.items() if not scheme.spec.difference(spec)]
    return own + [name for name, scheme in SCHEMES.items() if scheme.spec.media == spec.media and name not in own]


def harder(scheme: Scheme, difficulty: float) -> Scheme:
    """Return a scheme with its knobs turned: 1 leaves it as it is, 0 is as plain as they go, 2 is twice as hard.

    A knob stops at its bounds.
    """
    return scheme.turned(**_turned(scheme.knobs, difficulty))


def _turned(knobs: Knobs, difficulty: float) -> dict[str, Any]:
    """Return the knobs that difficulty changes, those of the looks a scheme mixes too."""
    changes: dict[str, Any] = {}
    for name, field in type(knobs).model_fields.items():
        value = getattr(knobs, name)
        if name in SCALED:
            limits = [bound.le for bound in field.metadata if isinstance(bound, Le)]
            turned = min([value * difficulty, *limits])
            changes[name] = round(turned) if isinstance(value, int) else turned
        elif name in QUIETER and value is not None:
            changes[name] = max(-20.0, min(60.0, value - DECIBELS * (difficulty - 1)))
        elif name == "looks" and value:
            changes[name] = tuple({**look.model_dump(), **_turned(look, difficulty)} for look in value)
    return changes


def can_turn(scheme: Scheme) -> bool:
    """Return whether difficulty changes anything."""
    return harder(scheme, 2.0) != harder(scheme, 1.0)


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
        truth = [folded(solver.spec, sample.text or "") for sample in samples]
        share = exact_match(truth, [answer.text for answer in answers])
        rows.append((level, share.value, *share.interval, share.n))
    return pd.DataFrame(rows, columns=["difficulty", "exact_match", "low", "high", "n"])


def folded(spec: CaptchaSpec, text: str) -> str:
    """Return a text as a specification's alphabet writes it, or as it is where it holds other characters."""
    try:
        return spec.charset.normalise(text)
    except SpecError:
        return text  # the model does not know them: it will read them wrong, and that is the point
