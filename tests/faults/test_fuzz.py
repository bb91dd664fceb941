"""Every entrance for strangers' input, with damaged inputs: our own errors only, within a second, in bounded memory.

``make fuzz`` tries 50,000 inputs each (FUZZ_INPUTS for another number) and prints the figures.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults import fuzz_api, fuzz_bundles, fuzz_datasets, fuzz_imports, fuzz_labels, fuzz_media, fuzz_presets
from tests.faults.fuzzing import Target, fuzz

TARGETS: dict[str, Callable[[Path], Target]] = {
    "images": fuzz_media.images,
    "audio": fuzz_media.audio,
    "tables": fuzz_labels.tables,
    "label log": fuzz_labels.log,
    "imports": fuzz_imports.imports,
    "records": fuzz_imports.records,
    "manifests": fuzz_datasets.manifests,
    "shards": fuzz_datasets.shards,
    "bundles": fuzz_bundles.bundles,
    "networks": fuzz_bundles.networks,
    "presets": fuzz_presets.presets,
    "api": fuzz_api.api,
}
SHORT = 150
LONG = int(os.environ.get("FUZZ_INPUTS", "50000"))
GROWTH_MIB = 64  # the largest input that is taken may need some tens for a moment; what stays must not add up


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder two below one that nothing else uses, so that a climbing name would be seen."""
    folder = tmp_path / "inner"
    folder.mkdir()
    return folder


def _holds(name: str, place: Path, count: int, first_seed: int) -> None:
    figures = fuzz(TARGETS[name](place), count, first_seed)
    print(f"\n{name}: {figures}")
    assert figures["inputs"] >= count
    assert figures["distinct"] > count / 3
    assert figures["refused"] < figures["inputs"]
    assert figures["refused"] or count < LONG, "damage that nothing refuses is no damage"
    assert figures["grown_mib"] < GROWTH_MIB, figures


@pytest.mark.parametrize("name", TARGETS)
def test_some_damaged_inputs(name: str, place: Path) -> None:
    _holds(name, place, SHORT, 0)


@pytest.mark.long
@pytest.mark.parametrize("name", TARGETS)
def test_many_damaged_inputs(name: str, place: Path) -> None:
    _holds(name, place, LONG, 10_000)
