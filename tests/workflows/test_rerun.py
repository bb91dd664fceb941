"""A run once more: the same configuration, samples and seed give the same model, and what differs is said."""

import json
from pathlib import Path

import pytest

from captcha_core import train
from captcha_core.dataset.in_memory import write_samples
from captcha_core.errors import ModelError
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.tracking.connect import client
from captcha_core.tracking.names import Tag
from captcha_core.workflows.plan import PLAN
from captcha_core.workflows.rerun import rerun
from tests.conftest import tiny_samples

SETTINGS = {"steps_per_epoch": 5, "batch_size": 8, "options.filters": [4, 4, 8]}


def test_the_same_again_and_not_on_other_samples(empty_folder: Path, tiny_spec: CaptchaSpec) -> None:
    write_samples(Path("data/tiny"), tiny_spec, tiny_samples(90), "browser", "0.6/0.2/0.2")
    first = train(data="data/tiny", network="image_cnn", epochs=1, seed=5, settings=SETTINGS)
    done = rerun(first.run_id)
    assert done.outcome.run_id != first.run_id and done.outcome.version == "2"
    assert {name: before - after for name, (before, after) in done.figures.items()} == dict.fromkeys(done.figures, 0.0)
    assert set(done.figures) >= {"exact match", "best validation loss"} and done.surroundings == {}
    assert client().get_run(done.outcome.run_id).data.tags[Tag.RERUN_OF] == first.run_id

    plan = Path("runs") / first.run_id / PLAN
    plan.write_text(json.dumps({**json.loads(plan.read_text()), "learnt": "0" * 64}))
    with pytest.raises(ModelError, match="expected the samples and labels in .* learns from, received others"):
        rerun(first.run_id)
