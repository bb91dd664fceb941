"""The bootstrap benchmark walks the whole road, and never asks for more labels than it says."""

from pathlib import Path

import pytest

from captcha_core.dataset.in_memory import write_samples
from captcha_core.errors import SpecError
from captcha_core.spec.captcha import CaptchaSpec
from experiments.benchmarks.bootstrap import run
from tests.conftest import tiny_samples


def test_few_labels_and_the_model_labels_the_rest(empty_folder: Path, tiny_spec: CaptchaSpec) -> None:
    write_samples(empty_folder / "data", tiny_spec, tiny_samples(400, seed=12), "import", "1/0/0")
    result = run(str(empty_folder / "data"), held_out=60, first=60, second=10, epochs=2, augment=0.3, max_error=0.05)
    first, second, third = result["steps"]
    assert [step["by_hand"] for step in (first, second)] == [60, 60] and 60 <= third["by_hand"] <= 70
    assert first["by_model"] == 0 and second["by_model"] == result["pseudo_label"]["labelled"] > 100
    assert third["exact_match"]["n"] == 60 and third["exact_match"]["value"] >= 0.85
    assert sum(first["counts"].values()) == 60
    assert not (empty_folder / "mlflow.db").exists() and not (empty_folder / "runs").exists()


def test_too_few_captchas(empty_folder: Path, tiny_spec: CaptchaSpec) -> None:
    write_samples(empty_folder / "data", tiny_spec, tiny_samples(50), "import", "1/0/0")
    with pytest.raises(SpecError, match="expected more than 300 captchas, all labelled, received"):
        run(str(empty_folder / "data"))
