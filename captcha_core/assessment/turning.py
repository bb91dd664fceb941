"""Turns the knobs of a scheme: with the fixed reader all of them, with retrained ones as many as there is time for."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from rich.markup import escape

from captcha_core.assessment.effects import Effect, fixed_hits, measure, retrain, retrained_effects
from captcha_core.assessment.factorial import factorial_schemes, factors_of, main_effects
from captcha_core.assessment.knobs import Setting
from captcha_core.bundle.bundle import Bundle
from captcha_core.errors import SpecError
from captcha_core.progress import console, progress_bar
from captcha_core.registry.versions import locate
from captcha_core.solver import Solver
from captcha_core.sources.scheme import Scheme

if TYPE_CHECKING:
    from captcha_core.training.config import TrainingTask

SEEDS = 2
RETRAIN_MIN = 0.5  # an attacker retrains in a minute; the weights that he starts from know all but the change
RETRAIN_OVERHEAD_S = 15.0


def fixed_effects(
    scheme: Scheme, settings: list[Setting], model: str, known: dict[tuple[str, str], Effect]
) -> list[Effect]:
    """Return what every level does to a model that stays as it is; what is known already is not read again.

    Raises:
        SpecError: If the model reads another medium than the scheme draws.
    """
    solver = Solver.load(model)
    if solver.spec.media != scheme.spec.media:
        raise SpecError(
            f"expected a model that reads {scheme.spec.media}, received {model}, which reads {solver.spec.media}; name "
            "another."
        )
    base = fixed_hits(solver, scheme)
    found = []
    with progress_bar("turning knobs", len(settings), "levels") as advance:
        for setting in settings:
            earlier = known.get((setting.knob, setting.level))
            found.append(earlier or measure(setting, solver, base))
            advance(1)
    return found


def factorial(scheme: Scheme, model: str) -> dict[str, float]:
    """Return the main effects of up to eleven knobs turned together, on a model that stays as it is.

    Empty where the scheme has too few knobs, or a combination cannot be drawn.
    """
    names = factors_of(scheme.knobs)
    solver = Solver.load(model)
    try:
        hits = [fixed_hits(solver, turned, 200) for turned in factorial_schemes(scheme, names)]
    except SpecError:
        return {}
    return main_effects(names, [one / 200 for one in hits]) if len(names) > 1 else {}


def turn(
    settings: list[Setting],
    effects: list[Effect],
    model: str,
    task: "TrainingTask",
    keep: Callable[[Effect], None],
    left_s: Callable[[], float],
    minutes: float = RETRAIN_MIN,
    seeds: int = SEEDS,
) -> list[Effect]:
    """Retrain on every level while there is time, and return the effects.

    Args:
        model: What is retrained.
        task: Its training.
        keep: Told each effect that has grown.
        left_s: Time that is left.
        minutes: Of each training.
    """
    from captcha_core import native

    native.start_keras()
    from captcha_core.workflows.logged_training import donor_of

    donor = donor_of(model)
    ahead = seeds * sum(not setting.is_base for setting in settings)

    def train(setting: Setting, seed: int) -> int:
        nonlocal ahead
        console.print(
            f"retraining: {escape(setting.label)} {escape(setting.level)}, seed {seed}; at most {ahead} to come, "
            f"{left_s() / 60:.0f} minutes left"
        )
        ahead -= 1
        return retrain(setting, task, donor, minutes, seed)

    def is_time() -> bool:
        return left_s() > 60 * minutes + RETRAIN_OVERHEAD_S

    return retrained_effects(settings, effects, train, seeds, keep, is_time)


def model_task(model: str, where: str, scheme: Scheme) -> "TrainingTask":
    """Return the training that a model's bundle speaks of, on a scheme, by the scheme's recipe."""
    from captcha_core.assessment.trained import generator_preset
    from captcha_core.training.config import TrainingConfig, TrainingTask

    config = Bundle.open(locate(model).path).config
    recipe = TrainingConfig.build(**generator_preset(where, scheme).training)
    return TrainingTask(scheme.spec, config.network, dict(config.options), recipe)
