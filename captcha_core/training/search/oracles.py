"""A search space in Keras Tuner's words and back, and the oracles that choose from it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from captcha_core.errors import SpecError
from captcha_core.models.space import Axis, Choice, SearchSpace
from captcha_core.training.search import keras_tuner
from captcha_core.training.search.keras_tuner import HyperParameters
from captcha_core.training.search.objective import Objective

TUNERS = ("hyperband", "bayesian", "random", "grid")
ROUNDS = 9  # the longest trial of hyperband in units of the shortest
INITIAL_SHARE = 3  # a third of a Bayesian search's trials, at least three, are random
NEVER = 10**9
DIGITS = 6  # Keras Tuner sends numbers as float32: what is tried is rounded to what survives that


def check_tuner(tuner: str) -> None:
    """Raises: SpecError: If there is no such tuner."""
    if tuner not in TUNERS:
        raise SpecError(f"expected a tuner of {', '.join(TUNERS)}, received {tuner!r}; choose one.")


def make_oracle(
    tuner: str,
    space: SearchSpace,
    objective: Objective,
    seed: int,
    retries: int,
    folder: Path,
    trials: int,
    first: Mapping[str, Any] | None = None,
) -> Any:
    """Return an oracle, with the state that its folder holds.

    Args:
        retries: How often a trial that failed for a passing reason is run again.
        trials: How many trials in all.
        first: Values by axis that the first trial has; a grid keeps to its own order.

    Raises:
        SpecError: If there is no such tuner.
    """
    check_tuner(tuner)
    common: dict[str, Any] = {
        "objective": keras_tuner.Objective(objective.metric, objective.direction),
        "seed": seed + 1,  # 0 would mean any
        "hyperparameters": declare(space),
        "allow_new_entries": False,
        "tune_new_entries": False,
        "max_retries_per_trial": retries,
        "max_consecutive_failed_trials": NEVER,
    }
    oracle: Any
    if tuner == "random":
        oracle = keras_tuner.RandomOracle(max_trials=trials, **common)
    elif tuner == "grid":
        oracle = keras_tuner.GridOracle(max_trials=trials, **common)
    elif tuner == "bayesian":
        drawn = max(3, -(-trials // INITIAL_SHARE))
        oracle = keras_tuner.BayesianOracle(max_trials=trials, num_initial_points=drawn, **common)
    else:
        oracle = keras_tuner.HyperbandOracle(max_epochs=ROUNDS, factor=3, hyperband_iterations=0, **common)
    oracle.begin(folder, trials, None if first is None else _encoded(space, first))
    return oracle


def declare(space: SearchSpace) -> HyperParameters:
    """Return the space as Keras Tuner's hyperparameters; lists are written as JSON texts."""
    hp = HyperParameters()
    if len(space.networks) > 1:
        hp.Choice("network", list(space.networks))
    for axis in space.axes:
        if len(axis.networks) == len(space.networks):
            _declare(hp, axis)
        else:
            with hp.conditional_scope("network", list(axis.networks)):
                _declare(hp, axis)
    return hp


def _declare(hp: HyperParameters, axis: Axis) -> None:
    dimension = axis.dimension
    if isinstance(dimension, Choice):
        hp.Choice(axis.key, [_encode(axis, value) for value in dimension.values])
    else:
        hp.Float(axis.key, dimension.low, dimension.high, sampling="log" if dimension.log else "linear")


def _encoded(space: SearchSpace, values: Mapping[str, Any]) -> dict[str, Any]:
    axes = {axis.key: axis for axis in space.axes}
    return {key: _encode(axes[key], value) if key in axes else value for key, value in values.items()}


def _encode(axis: Axis, value: Any) -> Any:
    """Return a value of an axis as Keras Tuner takes it."""
    if not isinstance(axis.dimension, Choice):
        return float(value)
    kinds = {type(one) for one in axis.dimension.values}
    if kinds <= {int, float} and len(kinds) > 1:
        return float(value)
    return value if kinds <= {int} or kinds <= {float} or kinds <= {str} else json.dumps(value)


def values_of(space: SearchSpace, hp: HyperParameters) -> dict[str, Any]:
    """Return the values of a trial by axis, as the space declares them."""
    found = {"network": hp.values["network"]} if "network" in hp.values else {}
    return found | {axis.key: _decode(axis, hp.values[axis.key]) for axis in space.axes if axis.key in hp.values}


def _decode(axis: Axis, value: Any) -> Any:
    if not isinstance(axis.dimension, Choice):
        return float(f"{value:.{DIGITS}g}")
    kind = type(axis.dimension.values[0])
    if kind is str:
        return value
    if kind not in (int, float):
        return json.loads(value)
    return min(axis.dimension.values, key=lambda one: abs(one - value))


def hyperband_part(hp: HyperParameters) -> tuple[str | None, int, int] | None:
    """Return the trial that a trial of hyperband continues, and the units of budget it begins and ends at."""
    if "tuner/epochs" not in hp.values:
        return None
    values = hp.values
    return values.get("tuner/trial_id"), int(values["tuner/initial_epoch"]), int(values["tuner/epochs"])
