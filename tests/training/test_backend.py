"""Batches reach Keras in order, are closed when the training ends, and their errors stay their own."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from captcha_core.errors import DataError
from captcha_core.features.batches import Batch
from captcha_core.features.image import ImageFeatures
from captcha_core.features.live import stream_batches
from captcha_core.sources.schemes import get_scheme
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.training.backend import feed
from captcha_core.training.checkpoint import Checkpoint
from captcha_core.training.config import TrainingConfig, TrainingTask
from captcha_core.training.fit import train
from tests.training.test_fit import arrays

CONFIG = TrainingConfig.build(epochs=2, steps_per_epoch=3, batch_size=8)


def numbered(count: int) -> Iterator[Batch]:
    for number in range(count):
        yield np.full((2, 4, 3, 1), number, np.uint8), np.full((2, 5), number, np.int32)


def test_tensorflow_is_given_every_batch_in_order_through_a_pipeline_that_tunes_nothing() -> None:
    import tensorflow as tf

    with feed(numbered(12)) as pipeline:
        assert isinstance(pipeline, tf.data.Dataset) and pipeline.options().autotune.enabled is False
        assert [(int(x[0, 0, 0, 0]), int(y[1, 4])) for x, y in pipeline] == [(number, number) for number in range(12)]


def test_batches_are_closed_however_it_ends() -> None:
    for interrupted in (False, True):
        source = numbered(100)
        with pytest.raises(KeyboardInterrupt) if interrupted else pytest.MonkeyPatch.context(), feed(source) as fed:
            next(iter(fed))
            if interrupted:
                raise KeyboardInterrupt
        assert list(source) == []


def test_a_live_stream_leaves_no_thread(tmp_path: Path) -> None:
    scheme = get_scheme("digits4")
    features = ImageFeatures(height_px=60, width_px=160)
    batches = stream_batches(scheme, features, CONFIG.batch_size, CONFIG.seed)
    x, _ = next(batches(0))
    task = TrainingTask(scheme.spec, "image_cnn", {"filters": [4, 4]}, CONFIG)
    train(task, batches, (x, ["0000"] * len(x)), Checkpoint(tmp_path))
    assert [one.name for one in threading.enumerate() if one.name.startswith("draw-")] == []


def test_an_error_of_the_data_stays_what_it_is(tiny_spec: CaptchaSpec, tmp_path: Path) -> None:
    def batches(first: int) -> Iterator[Batch]:
        x, texts = arrays(8, 1)
        for _ in range(4):  # the second epoch breaks off
            yield x, tiny_spec.charset.encode(texts, tiny_spec.max_length)
        raise DataError("expected a readable file, received none; see to that.")

    task = TrainingTask(tiny_spec, "image_cnn", {"filters": [4, 4]}, CONFIG)
    with pytest.raises(DataError, match="expected a readable file"):
        train(task, batches, arrays(8, 2), Checkpoint(tmp_path))
    assert Checkpoint(tmp_path).load_progress().epoch == 1
