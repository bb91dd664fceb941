"""A training that begins with a trained network ends between that and what it came to, where that reads best."""

from pathlib import Path

import numpy as np

from captcha_core.features.batches import array_batches
from captcha_core.models.transfer import Donor
from captcha_core.models.zoo import build_network
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.training.callbacks import Validation
from captcha_core.training.checkpoint import Checkpoint
from captcha_core.training.config import TrainingConfig, TrainingTask
from captcha_core.training.fit import best_of, train
from captcha_core.training.mixing import SHARES
from tests.training.test_fit import RECIPE, arrays, fit


def test_what_it_ends_with_lies_between_its_start_and_its_best_epoch(tiny_spec: CaptchaSpec, tmp_path: Path) -> None:
    donor = fit(tiny_spec, tmp_path / "donor", epochs=3).model
    task = TrainingTask(tiny_spec, "image_cnn", {"filters": [8, 16, 16]}, TrainingConfig.build(**RECIPE, epochs=2))
    batches, unseen = array_batches(*arrays(24, 5), tiny_spec, 16, 0), arrays(100, 2)
    checkpoint = Checkpoint(tmp_path / "tuned")
    ended = train(task, batches, unseen, checkpoint, start_from=Donor(donor, tiny_spec))
    again = train(task, batches, unseen, checkpoint, extend=False)
    pairs = zip(
        donor.get_weights(), best_of(task, checkpoint).model.get_weights(), ended.model.get_weights(), strict=True
    )
    triples = [tuple(weight.astype(np.float64) for weight in triple) for triple in pairs]
    gaps = [[np.abs(a + share * (b - a) - c).max() for a, b, c in triples] for share in SHARES]
    assert min(map(max, gaps)) < 1e-6
    for one, other in zip(ended.model.get_weights(), again.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert ended.progress.best == Validation(task.head, tiny_spec, *unseen).metrics(ended.model)


def test_random_weights_are_no_start(tiny_spec: CaptchaSpec, tmp_path: Path) -> None:
    ended = fit(tiny_spec, tmp_path, epochs=2)
    model = build_network("image_cnn", tiny_spec, {"filters": [8, 16, 16]})
    Checkpoint(tmp_path).restore_best(model, ended.progress.best_epoch)
    for one, other in zip(ended.model.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not Checkpoint(tmp_path).has_start
