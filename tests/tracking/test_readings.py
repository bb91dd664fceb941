"""What a training reads so far lies in a file beside its checkpoint, for whoever watches."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from captcha_core.media.image import decode_image
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.tracking.callback import WriteReadings
from captcha_core.tracking.readings import READINGS, SHOWN, Reading, read_readings, write_readings
from captcha_core.training.config import TrainingConfig, TrainingTask
from tests.conftest import tiny_pixels


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fake(logits: np.ndarray) -> SimpleNamespace:
    """A model that answers so whatever it is asked."""
    return SimpleNamespace(optimizer=None, trainable_variables=[], predict=lambda *_, **__: logits)


def test_what_is_written_is_read(here: Path) -> None:
    assert read_readings("a" * 32) == (0, [])
    rows = [Reading("12", "13", b"\x89PNG"), Reading("20", "", None)]
    write_readings("a" * 32, 3, rows)
    assert read_readings("a" * 32) == (3, rows)
    (here / "runs" / ("a" * 32) / READINGS).write_text('{"epoch": 1', encoding="utf-8")
    assert read_readings("a" * 32) == (0, []), "a damaged file is none"


def test_each_epoch_replaces_what_was_read_before(tiny_spec: CaptchaSpec) -> None:
    texts = ["12", "30"] * SHOWN
    rng = np.random.default_rng(0)
    x = np.stack([tiny_pixels(text, rng) for text in texts])
    task = TrainingTask(tiny_spec, "image_cnn", {"filters": [8, 16, 16]}, TrainingConfig.build(epochs=1))
    callback = WriteReadings("b" * 32, task, x, texts)
    for epoch, answer in enumerate(("11", "12")):
        logits = np.zeros((SHOWN, 2, 5), np.float32)
        for place, character in enumerate(answer):
            logits[:, place, 1 + int(character)] = 9
        callback.set_model(fake(logits))
        callback.on_epoch_end(epoch)
    epoch, readings = read_readings("b" * 32)
    assert epoch == 2 and len(readings) == SHOWN
    assert (readings[0].text, readings[0].read) == ("12", "12")
    assert np.array_equal(decode_image(readings[0].png or b""), x[0])
