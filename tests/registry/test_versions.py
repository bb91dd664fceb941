"""What is registered is found again."""

import shutil
from pathlib import Path

import pytest

from captcha_core.bundle.bundle import Bundle
from captcha_core.registry.versions import register
from captcha_core.solver import Solver
from captcha_core.tracking.runs import start_run
from tests.conftest import tiny_samples


def test_a_model_may_be_named_after_somebodys_folder(tiny_bundle: Path, empty_folder: Path) -> None:
    name = "captcha-ada's captchas"
    with start_run("registering") as run:
        versions = [register(run, Bundle.open(tiny_bundle), name) for _ in range(2)]
    assert versions == ["1", "2"]
    assert Solver.load(f"models:/{name}@challenger").model.version == "2"


@pytest.mark.parametrize("name", ["bundle", "of another name"])
def test_a_bundle_from_any_folder(tiny_bundle: Path, empty_folder: Path, name: str) -> None:
    copy = empty_folder / name
    shutil.copytree(tiny_bundle, copy)
    with start_run("registering") as run:
        version = register(run, Bundle.open(copy), "captcha-tiny")
    solver = Solver.load(f"models:/captcha-tiny/{version}")
    assert solver.model.version == version
    assert solver.solve(tiny_samples(1, seed=3)[0].media).text
