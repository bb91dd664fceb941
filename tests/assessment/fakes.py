"""Captchas, rows and findings without a training behind them."""

import numpy as np

from captcha_core.assessment.attackers import Attacker, Kind, Row
from captcha_core.assessment.effects import Effect
from captcha_core.assessment.findings import Findings
from captcha_core.assessment.money import Prices
from captcha_core.assessment.people import Measured
from captcha_core.assessment.target import Target
from captcha_core.media.image import encode_png
from captcha_core.sources.schemes import get_scheme
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample

SPEC = CaptchaSpec.build(
    media="image", alphabet="0123", min_length=2, max_length=3, height_px=20, width_px=40, channels=1
)


def samples(count: int, seed: int = 0) -> list[Sample]:
    """Return noise with labels."""
    rng = np.random.default_rng(seed)
    return [
        Sample(
            encode_png(rng.integers(0, 255, (20, 40, 1), dtype=np.uint8)),
            "".join(rng.choice(list("0123"), rng.integers(2, 4))),
        )
        for _ in range(count)
    ]


def target(pool: int = 60, tested: int = 100, drawn: bool = False) -> Target:
    """Return a target; ``drawn`` gives it a scheme."""
    scheme = get_scheme("digits4") if drawn else None
    return Target("fake", "fake", SPEC, samples(pool), samples(tested, 1), scheme, "d" * 64)


def row(key: str, kind: Kind, hits: int, n: int = 100, labels: int = 0, draw: int = 0) -> Row:
    """Return a row; who is right is also the surest."""
    title = f"{labels} labels" if kind == "labels" else key
    sure = [0.99 - 0.001 * place for place in range(n)]
    return Row(
        key=key, kind=kind, title=title, labels=labels, draw=draw, confidences=sure,
        right=[place < hits for place in range(n)], folded=hits, characters=0.5 + hits / n / 2,
        processor_s=0.0 if kind == "stock" else 120.0,  # nobody trains the reader that ships
        wall_s=90.0, ms=0.5,
    )  # fmt: skip


def effect(knob: str, level: str, fixed: int, by_seed: list[int], is_base: bool = False) -> Effect:
    """Return what a level did."""
    return Effect(knob=knob, label=knob, level=level, is_base=is_base, base_hits=490, fixed_hits=fixed, by_seed=by_seed)


def findings(
    rows: list[Row], effects: list[Effect] | None = None, people: Measured | None = None, complete: bool = True
) -> Findings:
    """Return findings about the fake target."""
    return Findings(
        target(drawn=bool(effects)),
        rows,
        effects or [],
        {},
        people,
        Prices(),
        1.0,
        1800.0,
        complete,
        "2026-01-01T00:00",
    )


def left_out(key: str, reason: str) -> Row:
    """Return the row of one who had no turn."""
    return Row.without(Attacker(key, "labels", "400 labels", 400, 1), "left out", reason)
