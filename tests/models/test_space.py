"""What a search may try: declared next to each network, narrowed by a preset, never widened."""

import json
from datetime import date
from typing import Any

import pytest

from captcha_core.errors import SpecError
from captcha_core.models import letter_cnn
from captcha_core.models.space import Choice, Configuration, Range, SearchSpace, Space, thawed
from captcha_core.models.zoo import NETWORKS
from captcha_core.training.config import TrainingConfig

SPACE = Space({"width": Choice((4, 8, 16)), "shape": Choice(((1, 2), (2, 1)))}, {"rate": Range(0.001, 0.1, log=True)})


def narrowed(**overrides: Any) -> dict[str, Any]:
    return SearchSpace.of({"net": SPACE}, overrides).record()


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_declares_what_its_builder_and_recipe_know(name: str) -> None:
    network = NETWORKS[name]
    space = SearchSpace.of({name: network.space}, {})
    record = json.loads(json.dumps(space.record()))
    some = {
        key: dimension["values"][-1] if "values" in dimension else dimension["low"]
        for key, dimension in record.items()
        if key != "network"
    }
    configuration = space.configuration(some)
    assert set(configuration.options) <= set(network.options)
    TrainingConfig.build(epochs=1, **configuration.training)


def test_the_defaults_of_our_networks_are_in_their_spaces() -> None:
    for name in ("image_cnn", "image_ctc", "letters", "audio_ctc"):
        space = SearchSpace.of({name: NETWORKS[name].space}, {})
        declared = set(space.configuration(_first(space)).options)
        defaults = {key: value for key, value in NETWORKS[name].options.items() if key in declared}
        setting = Configuration(name, defaults, {"optimizer": "muon", "batch_size": 64, "learning_rate": 0.01})
        assert_holds(space, setting)


def test_an_earlier_letter_network_is_in_the_space_of_ours() -> None:
    options = {"filters": [84, 224], "kernel": 3, "pool_each": False, "dense": 564, "dropout": 0.3}
    space = SearchSpace.of({"letters": NETWORKS["letters"].space}, {})
    assert_holds(space, Configuration("letters", options, {}))
    assert letter_cnn.build((28, 28, 1), 10, **options).count_params() == 18_369_006


def assert_holds(space: SearchSpace, setting: Configuration) -> None:
    """The space can mean a setting: its values lead back to it."""
    values = space.values(setting)
    assert values is not None, setting.network
    some = space.configuration({**_first(space), **values})
    assert some.options == {key: thawed(setting.options[key]) for key in some.options}
    assert {key: some.training[key] for key in setting.training} == setting.training


def test_what_a_space_does_not_hold_has_no_values() -> None:
    space = SearchSpace.of({"net": SPACE}, {})
    assert space.values(Configuration("net", {"width": 8, "shape": [2, 1]}, {"rate": 0.01})) is not None
    assert space.values(Configuration("net", {"width": 9, "shape": [2, 1]}, {"rate": 0.01})) is None
    assert space.values(Configuration("net", {"width": 8, "shape": [2, 1]}, {"rate": 0.2})) is None
    assert space.values(Configuration("other", {"width": 8, "shape": [2, 1]}, {})) is None


def test_values_name_the_network_where_there_are_several() -> None:
    space = SearchSpace.of({"net": SPACE, "flat": Space({"width": Choice((4, 8))}, dict(SPACE.training))}, {})
    values = space.values(Configuration("flat", {"width": 8}, {"rate": 0.01}))
    assert values == {"network": "flat", "flat.width": 8, "rate": 0.01}
    assert space.configuration(values) == Configuration("flat", {"width": 8}, {"rate": 0.01})


def _first(space: SearchSpace) -> dict[str, Any]:
    return {a.key: a.dimension.values[0] if isinstance(a.dimension, Choice) else a.dimension.low for a in space.axes}


def test_a_wish_narrows_or_fixes() -> None:
    assert narrowed(width=8)["width"] == {"values": [8]}
    assert narrowed(width=[16, 4])["width"] == {"values": [4, 16]}
    assert narrowed(shape=[1, 2])["shape"] == {"values": [[1, 2]]}
    assert narrowed(shape=[[2, 1], [1, 2]])["shape"] == {"values": [[1, 2], [2, 1]]}
    assert narrowed(rate=[0.01, 0.02])["rate"] == {"low": 0.01, "high": 0.02, "log": True}
    assert narrowed(rate={"high": 0.02})["rate"] == {"low": 0.001, "high": 0.02, "log": True}
    assert narrowed(rate={"values": [0.01, 0.02]})["rate"] == {"values": [0.01, 0.02]}
    assert narrowed(rate=0.01)["rate"] == {"values": [0.01]}


@pytest.mark.parametrize(
    ("overrides", "part"),
    [
        ({"width": []}, "at least one value for width in the search space, received none"),
        ({"rate": []}, "at least one value for rate"),
        ({"width": 5}, "among 4, 8, 16, received 5"),
        ({"width": True}, "received true"),
        ({"width": date(2020, 1, 2)}, "among 4, 8, 16, received 2020-01-02"),
        ({"width": {date(2020, 1, 2): 4}}, "among 4, 8, 16, received {"),
        ({"rate": 0.5}, "between 0.001 and 0.1, received 0.5"),
        ({"rate": [0.02, 0.01]}, "lower bound of rate below the upper, received 0.02 to 0.01"),
        ({"rate": "fast"}, "received 'fast'"),
        ({"rate": {"values": [0.01], "low": 0.01}}, "write one of the two"),
        ({"depth": 3}, "a dimension of rate, shape, width in the search space of net, received 'depth'"),
        ({"width": 8, "shape": [1, 2], "rate": 0.01}, "one single configuration"),
    ],
)
def test_an_empty_or_contradictory_space_is_refused(overrides: dict[str, Any], part: str) -> None:
    with pytest.raises(SpecError, match="expected") as caught:
        narrowed(**overrides)
    assert part in str(caught.value)


def test_networks_share_what_they_declare_alike() -> None:
    other = Space({"width": Choice((4, 8, 16)), "depth": Choice((1, 2))}, {"rate": Range(0.001, 0.1, log=True)})
    space = SearchSpace.of({"net": SPACE, "other": other}, {"other.depth": 2})
    assert {axis.key for axis in space.axes} == {"width", "rate", "net.shape", "other.depth"}
    values = {"network": "other", "width": 8, "rate": 0.01, "other.depth": 2}
    assert space.configuration(values) == Configuration("other", {"width": 8, "depth": 2}, {"rate": 0.01})


def test_a_dimension_that_means_nothing_here_is_left_out() -> None:
    space = SearchSpace.of({"net": SPACE}, {"rate": 0.01}, without=["rate"])
    assert "rate" not in space.record()
    assert space.size == 6
