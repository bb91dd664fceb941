"""A search space as Keras Tuner's hyperparameters, and their values back as the space declares them."""

import json
from typing import Any

import keras_tuner as kt
from keras_tuner.src.engine import hyperparameters as hp_module

from captcha_core.models.space import Axis, Choice, SearchSpace

DIGITS = 6  # Keras Tuner sends numbers as float32: what is tried is rounded to what survives that


def declare(space: SearchSpace) -> kt.HyperParameters:
    """Return the space as Keras Tuner knows it; lists are written as JSON texts."""
    hp = kt.HyperParameters()
    if len(space.networks) > 1:
        hp.Choice("network", list(space.networks))
    for axis in space.axes:
        if len(axis.networks) == len(space.networks):
            _declare(hp, axis)
        else:
            with hp.conditional_scope("network", list(axis.networks)):
                _declare(hp, axis)
    return hp


def _declare(hp: kt.HyperParameters, axis: Axis) -> None:
    dimension = axis.dimension
    if not isinstance(dimension, Choice):
        hp.Float(axis.key, dimension.low, dimension.high, sampling="log" if dimension.log else "linear")
        return
    hp.Choice(axis.key, [told(axis, value) for value in dimension.values])


def told(axis: Axis, value: Any) -> Any:
    """Return a value as Keras Tuner knows it."""
    if not isinstance(axis.dimension, Choice):
        return float(value)
    kinds = {type(one) for one in axis.dimension.values}
    if kinds <= {int, float} and len(kinds) > 1:
        return float(value)
    return value if kinds <= {int} or kinds <= {float} or kinds <= {str} else json.dumps(value)


def values_of(space: SearchSpace, hp: hp_module.HyperParameters) -> dict[str, Any]:
    """Return the values of a trial by axis, as the space declares them."""
    found = {"network": hp.values["network"]} if "network" in hp.values else {}
    for axis in space.axes:
        if axis.key in hp.values:
            found[axis.key] = _value(axis, hp.values[axis.key])
    return found


def _value(axis: Axis, value: Any) -> Any:
    if isinstance(axis.dimension, Choice):
        kind = type(axis.dimension.values[0])
        if kind not in (int, float, str):
            return json.loads(value)
        if kind is str:
            return value
        return min(axis.dimension.values, key=lambda one: abs(one - value))
    return float(f"{value:.{DIGITS}g}")
