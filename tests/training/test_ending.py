"""How a training ends: on all samples, and part of the way back to the network that it began with."""

from pathlib import Path

import numpy as np

from captcha_core.features.batches import array_batches
from captcha_core.models.transfer import Donor
from captcha_core.models.zoo import build_network
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.training.callbacks import Validation
from captcha_core.training.checkpoint import Checkpoint
from captcha_core.training.config import TrainingConfig, TrainingTask
from captcha_core.training.ending import SHARES
from captcha_core.training.fit import Trained, best_of, train
from tests.training.test_fit import RECIPE, arrays, fit


def weights_of_best(ended: Trained, folder: Path, spec: CaptchaSpec) -> list[np.ndarray]:
    model = build_network("image_cnn", spec, {"filters": [8, 16, 16]})
    Checkpoint(folder).restore_best(model, ended.progress.best_epoch)
    weights: list[np.ndarray] = model.get_weights()
    return weights


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
    for one, other in zip(ended.model.get_weights(), weights_of_best(ended, tmp_path, tiny_spec), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not Checkpoint(tmp_path).has_start


def ended_on(
    spec: CaptchaSpec, folder: Path, taught: list[str] | None = None, extend: bool = True, **recipe: object
) -> Trained:
    """Train on 24 captchas, steer by 40, and end on both; these may be taught with other texts."""
    config = TrainingConfig.build(**{**RECIPE, "epochs": 2, "finish": 2, **recipe})
    task = TrainingTask(spec, "image_cnn", {"filters": [8, 16, 16]}, config)
    (x, texts), (unseen, truth) = arrays(24, 5), arrays(40, 2)
    both = np.concatenate([x, unseen]), [*texts, *(taught or truth)]
    return train(
        task, array_batches(x, texts, spec, 16, 0), (unseen, truth), Checkpoint(folder), extend=extend,
        everything=array_batches(*both, spec, 16, 0),
    )  # fmt: skip


def test_its_last_epochs_learn_from_what_steered_it(tiny_spec: CaptchaSpec, tmp_path: Path) -> None:
    ended = ended_on(tiny_spec, tmp_path)
    config = TrainingConfig.build(**RECIPE, epochs=1)
    task = TrainingTask(tiny_spec, "image_cnn", {"filters": [8, 16, 16]}, config)
    read = Validation(task.head, tiny_spec, *arrays(40, 2)).metrics(ended.model)["val_exact_match"]
    assert read > ended.progress.best["val_exact_match"], "what is reported is of captchas that it had not learnt from"
    again = ended_on(tiny_spec, tmp_path, extend=False)
    for one, other in zip(ended.model.get_weights(), again.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_last_epochs_that_make_it_worse_do_not_count(tiny_spec: CaptchaSpec, tmp_path: Path) -> None:
    ended = ended_on(tiny_spec, tmp_path, taught=["33"] * 40, epochs=4)
    for one, other in zip(ended.model.get_weights(), weights_of_best(ended, tmp_path, tiny_spec), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_budget_in_minutes_leaves_a_fifth_to_the_last_epochs() -> None:
    assert TrainingConfig.build(minutes=5, finish=8).steered_s == 240
    assert TrainingConfig.build(minutes=5).steered_s == 300
