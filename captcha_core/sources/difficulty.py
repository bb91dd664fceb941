"""Any scheme made easier or harder by one number."""

from typing import Any

from annotated_types import Le

from captcha_core.sources.scheme import Knobs, Scheme

SCALED = (
    "rotate_deg", "stretch_x", "stretch_y", "overlap", "jitter_x_px", "jitter_y_px", "gradient", "texture", "wave_px",
    "lines", "stars", "dots", "arcs", "max_speed_change", "max_pitch_change", "reverb_share", "telephone_share",
)  # fmt: skip
QUIETER = ("white_snr_db", "pink_snr_db", "babble_snr_db", "reversed_snr_db")
DECIBELS = 6.0  # of signal to noise for each step of difficulty


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
