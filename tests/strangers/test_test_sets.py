"""Two people's scores are of the same samples: a preset's test set is drawn from a seed, and its digest is logged."""

from pathlib import Path

import pytest

from captcha_core.errors import DataError
from captcha_core.sources.schemes import get_scheme
from captcha_core.tracking.connect import client, experiment
from captcha_core.workflows.data import test_dataset as drawn  # pytest would take its own name for a test
from captcha_core.workflows.train import train


@pytest.mark.parametrize(
    ("scheme", "digest"),
    [("audio-digits", "c518b2210f1a")],
)
def test_the_same_bytes_on_every_machine(tmp_path: Path, scheme: str, digest: str) -> None:
    dataset = drawn(get_scheme(scheme), 20, tmp_path / "a")
    assert dataset.digest.startswith(digest), dataset.digest
    assert {sample.origin.get("source") for sample in dataset.samples("test")} != {"captcha package"}


def test_a_set_that_the_package_drew_is_refused_before_the_training(tmp_path: Path) -> None:
    from captcha_core.dataset.generate import GenerationRequest, write_drawn

    scheme = get_scheme("digits4")
    write_drawn(tmp_path / "old", GenerationRequest(scheme, 5, source="package", split="0/0/5"))
    with pytest.raises(DataError, match="drawn from a seed in .*rename that folder"):
        drawn(scheme, 5, tmp_path / "old")


def test_the_evaluation_names_its_data(empty_folder: Path) -> None:
    preset = empty_folder / "short.yaml"
    preset.write_text(
        "name: short\ndescription: short\nscheme: digits4\nnetwork: image_cnn\nevaluation: {count: 20}\n"
        "training: {epochs: 1, steps_per_epoch: 2, batch_size: 8, validation_samples: 20}\n"
    )
    outcome = train(str(preset))
    (run,) = client().search_runs([experiment()])
    used = {one.tags[0].value: one.dataset for one in run.inputs.dataset_inputs}
    assert used["evaluation"].name == "short-test"
    assert run.data.tags["captchalab.evaluation_digest"].startswith(used["evaluation"].digest)
    assert run.data.tags["mlflow.note.content"].startswith("image_cnn trained on digits4")
    version = client().get_model_version(outcome.name, outcome.version)
    assert "on short-test (" in version.description
