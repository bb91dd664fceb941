"""What a search may try of a network: its dimensions, and how their values become a network and a recipe."""

import itertools
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from captcha_core.errors import SpecError


@dataclass(frozen=True)
class Choice:
    """One of some values: numbers, texts, truth values or lists of numbers, ordered by size where they have one."""

    values: tuple[Any, ...]

    @property
    def count(self) -> int:
        """How many values there are."""
        return len(self.values)

    def record(self) -> dict[str, Any]:
        """Return the dimension as plain data."""
        return {"values": [list(value) if isinstance(value, tuple) else value for value in self.values]}

    def narrowed(self, name: str, wish: Any) -> "Choice":
        """Return the values that a wish leaves: a value, a list of values, or a mapping with ``values``.

        Raises:
            SpecError: If it leaves none, or names one that was not declared.
        """
        lists = any(isinstance(value, tuple) for value in self.values)
        wish = wish["values"] if isinstance(wish, Mapping) and set(wish) == {"values"} else wish
        single = not isinstance(wish, list) or (lists and not any(isinstance(one, list) for one in wish) and wish != [])
        wanted = [_frozen(one) for one in ([wish] if single else wish)]
        if not wanted:
            raise SpecError(f"expected at least one value for {name} in the search space, received none; name some.")
        for one in wanted:
            if not any(_same(one, value) for value in self.values):
                raise SpecError(
                    f"expected values of {name} among {_listed(self.values)}, received {_written(one)}; a search "
                    "can narrow what its network declares, not widen it."
                )
        return Choice(tuple(value for value in self.values if any(_same(one, value) for one in wanted)))


@dataclass(frozen=True)
class Range:
    """A number between two bounds, both included; ``log`` gives each decade the same share."""

    low: float
    high: float
    log: bool = False

    @property
    def count(self) -> None:
        """None: they cannot be counted."""
        return None

    def record(self) -> dict[str, Any]:
        """Return the dimension as plain data."""
        return {"low": self.low, "high": self.high, "log": self.log}

    def narrowed(self, name: str, wish: Any) -> "Range | Choice":
        """Return what a wish leaves: a number, two bounds, or a mapping with ``values`` or with ``low`` and ``high``.

        Raises:
            SpecError: If it leaves nothing, or reaches out of the bounds.
        """
        if isinstance(wish, Mapping):
            odd = sorted(set(wish) - {"values", "low", "high"})
            if odd or not wish or ("values" in wish and len(wish) > 1):
                raise SpecError(
                    f"expected values, or low and high, for {name} in the search space, received {dict(wish)}; "
                    "write one of the two."
                )
            chosen = wish.get("values", [wish.get("low", self.low), wish.get("high", self.high)])
            explicit = "values" in wish
        else:
            chosen, explicit = (wish if isinstance(wish, list) else [wish]), not isinstance(wish, list)
            explicit = explicit or len(chosen) != 2
        if not isinstance(chosen, list) or not chosen:
            raise SpecError(f"expected at least one value for {name} in the search space, received none; name some.")
        for one in chosen:
            number = isinstance(one, int | float) and not isinstance(one, bool)
            if not (number and self.low <= one <= self.high):
                raise SpecError(
                    f"expected values of {name} between {self.low:g} and {self.high:g}, received {one!r}; a search can "
                    "narrow what its network declares, not widen it."
                )
        if explicit:
            return Choice(tuple(sorted({float(one) for one in chosen})))
        low, high = map(float, chosen)
        if low > high:
            raise SpecError(
                f"expected the lower bound of {name} below the upper, received {low:g} to {high:g}; swap them."
            )
        return Choice((low,)) if low == high else Range(low, high, self.log)


Dimension = Choice | Range

RECIPE: Mapping[str, Dimension] = {
    "optimizer": Choice(("muon", "adamw", "adam")),
    "learning_rate": Range(5e-4, 2e-2, log=True),
    "batch_size": Choice((16, 32, 64, 128)),
    "augment": Choice((0.0, 0.25, 0.5, 0.75, 1.0)),
}
DROPOUT = Choice((0.0, 0.1, 0.2, 0.3, 0.4, 0.5))


@dataclass(frozen=True)
class Space:
    """What may vary of one network.

    Args:
        options: Dimensions of the network itself.
        training: Dimensions of its recipe, named as the training settings.
        to_options: Turns values of ``options`` into the builder's options.
    """

    options: Mapping[str, Dimension] = field(default_factory=dict)
    training: Mapping[str, Dimension] = field(default_factory=lambda: RECIPE)
    to_options: Callable[[dict[str, Any]], dict[str, Any]] = dict


def widening(factors: Sequence[float]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return what turns ``width`` and ``depth`` into ``filters``: so many layers, the first as wide as ``width``."""

    def to_options(values: dict[str, Any]) -> dict[str, Any]:
        rest = {key: value for key, value in values.items() if key not in ("width", "depth")}
        return {"filters": [round(values["width"] * factor) for factor in factors[: values["depth"]]], **rest}

    return to_options


@dataclass(frozen=True)
class Axis:
    """A dimension in a search: ``key`` as it is tried and logged, and the networks that it belongs to."""

    key: str
    name: str
    dimension: Dimension
    networks: tuple[str, ...]


@dataclass(frozen=True)
class Configuration:
    """What one trial builds and trains."""

    network: str
    options: dict[str, Any]
    training: dict[str, Any]


@dataclass(frozen=True)
class SearchSpace:
    """The space of one search: one network or several, each with its dimensions.

    A dimension that all networks declare alike is one axis; others are axes of their own, ``NETWORK.NAME``.
    """

    spaces: Mapping[str, Space]

    @classmethod
    def of(
        cls, declared: Mapping[str, Space], overrides: Mapping[str, Any], without: Sequence[str] = ()
    ) -> "SearchSpace":
        """Narrow what the networks declare.

        Args:
            declared: Networks with their spaces.
            overrides: What to leave of a dimension, by ``NAME`` or ``NETWORK.NAME``; see its ``narrowed``.
            without: Dimensions that mean nothing here.

        Raises:
            SpecError: If a wish names nothing, contradicts what is declared, or nothing is left to vary.
        """
        used: set[str] = set()

        def narrowed(network: str, dimensions: Mapping[str, Dimension]) -> dict[str, Dimension]:
            left: dict[str, Dimension] = {}
            for name, dimension in dimensions.items():
                if name in without:
                    used.update(key for key in (name, f"{network}.{name}") if key in overrides)
                    continue
                left[name] = dimension
                for key in (name, f"{network}.{name}"):
                    if key in overrides:
                        used.add(key)
                        left[name] = left[name].narrowed(key, overrides[key])
            return left

        spaces = {
            network: Space(narrowed(network, space.options), narrowed(network, space.training), space.to_options)
            for network, space in declared.items()
        }
        unknown = sorted(set(overrides) - used)
        if unknown:
            known = sorted({name for space in declared.values() for name in (*space.options, *space.training)})
            raise SpecError(
                f"expected a dimension of {', '.join(known)} in the search space of {', '.join(declared)}, received "
                f"{unknown[0]!r}; correct the name."
            )
        found = cls(spaces)
        if found.size == 1:
            raise SpecError(
                "expected something that varies in the search space, received one single configuration; leave a "
                "dimension more than one value, or use captchalab train."
            )
        return found

    @property
    def networks(self) -> tuple[str, ...]:
        """Names of the networks."""
        return tuple(self.spaces)

    @property
    def axes(self) -> list[Axis]:
        """Every dimension but the choice of the network."""
        declared: dict[str, dict[str, Dimension]] = {}
        for network, space in self.spaces.items():
            for name, dimension in (*space.options.items(), *space.training.items()):
                declared.setdefault(name, {})[network] = dimension
        axes = []
        for name, by_network in declared.items():
            alike = len(by_network) == len(self.spaces) and len({repr(one) for one in by_network.values()}) == 1
            if alike:
                axes.append(Axis(name, name, next(iter(by_network.values())), self.networks))
            else:
                axes += [Axis(f"{net}.{name}", name, one, (net,)) for net, one in by_network.items()]
        return sorted(axes, key=lambda axis: len(axis.networks) < len(self.spaces))

    @property
    def size(self) -> int | None:
        """Number of configurations, None where a dimension is continuous."""
        total = 0
        for space in self.spaces.values():
            counts = [dimension.count for dimension in (*space.options.values(), *space.training.values())]
            if None in counts:
                return None
            total += math.prod(count for count in counts if count is not None)
        return total

    def record(self) -> dict[str, Any]:
        """The space as plain data: networks, and what each axis may be."""
        return {"network": list(self.networks)} | {axis.key: axis.dimension.record() for axis in self.axes}

    def configuration(self, values: Mapping[str, Any]) -> Configuration:
        """Return what values of the axes (``network`` among them where there are several) mean."""
        network = values["network"] if len(self.networks) > 1 else self.networks[0]
        space = self.spaces[network]

        def of(names: Mapping[str, Dimension]) -> dict[str, Any]:
            return {name: thawed(values.get(f"{network}.{name}", values.get(name))) for name in names}

        return Configuration(network, space.to_options(of(space.options)), of(space.training))

    def values(self, configuration: Configuration) -> dict[str, Any] | None:
        """Return the values of the axes that mean a configuration, or None where the space does not hold it.

        Of the configuration's options those count that the space sets; training settings that it does not name are left
        out. Options from a continuous dimension are taken at its lower bound.
        """
        space = self.spaces.get(configuration.network)
        if space is None:
            return None
        found: dict[str, Any] = {}
        for name, dimension in space.training.items():
            if name not in configuration.training:
                continue
            value = found[name] = configuration.training[name]
            if isinstance(dimension, Range) and not dimension.low <= value <= dimension.high:
                return None
            if isinstance(dimension, Choice) and not any(_same(value, one) for one in dimension.values):
                return None
        finite = [one.values if isinstance(one, Choice) else (one.low,) for one in space.options.values()]
        wanted = thawed(configuration.options)
        for some in itertools.product(*finite):
            options = dict(zip(space.options, some, strict=True))
            if all(wanted.get(name) == value for name, value in thawed(space.to_options(options)).items()):
                found |= options
                break
        else:
            return None
        by_axis = {axis.key: found[axis.name] for axis in self._axes_of(configuration.network) if axis.name in found}
        return by_axis | ({"network": configuration.network} if len(self.networks) > 1 else {})

    def _axes_of(self, network: str) -> list[Axis]:
        return [axis for axis in self.axes if network in axis.networks]


def thawed(value: Any) -> Any:
    """Return the value with lists in place of tuples, as JSON has it."""
    if isinstance(value, Mapping):
        return {key: thawed(one) for key, one in value.items()}
    return [thawed(one) for one in value] if isinstance(value, list | tuple) else value


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _same(one: Any, other: Any) -> bool:
    return bool(isinstance(one, bool) == isinstance(other, bool) and one == other)


def _listed(values: Sequence[Any]) -> str:
    return ", ".join(json.dumps(value) for value in values)


def _written(wish: Any) -> str:
    """Return a wish as JSON has it, or where that knows no such value (YAML has dates and sets) as Python has it."""
    try:
        return json.dumps(wish)
    except TypeError:
        return str(wish)[:80]
