"""A training of a seed that counts epochs or samples, not minutes, comes to the same weights again, to the bit."""

from pathlib import Path

import numpy as np
import pytest

from captcha_core.training.checkpoint import Checkpoint
from captcha_core.training.fit import train
from captcha_core.workflows.plan import TrainingPlan, plan_training
from tests.workflows.searches import draw

STREAM = {"samples": 1_000, "threads": 2, "steps_per_epoch": 8, "batch_size": 64, "validation_samples": 50}
SMALL = {"steps_per_epoch": 10, "augment": 1.0, "options.filters": [8, 16, 16]}


def weights(plan: TrainingPlan, folder: Path) -> np.ndarray:
    data = plan.training_data()
    trained = train(plan.task, data.batches, data.validation, Checkpoint(folder))
    return np.concatenate([one.ravel() for one in trained.model.get_weights()])


@pytest.mark.parametrize("kind", ["stream", "data set"])
def test_the_same_weights_to_the_bit(empty_folder: Path, kind: str) -> None:
    if kind == "stream":
        plan = plan_training("digits4", settings=STREAM)
        assert plan.task.config.whole_epochs == 2
    else:
        draw(empty_folder)
        plan = plan_training(data="data/tiny", network="image_cnn", epochs=2, settings=SMALL)
    first, second = (weights(plan, empty_folder / name) for name in "ab")
    assert np.array_equal(first, second)
