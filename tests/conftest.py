"""What many tests share: a tiny specification, its samples, and MLflow in an empty folder."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from captcha_core.media.image import encode_png
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample


@pytest.fixture
def tiny_spec() -> CaptchaSpec:
    """Two digits of 0 to 3 in 16 x 32 grey pixels: learnt within seconds."""
    return CaptchaSpec.build(
        media="image", alphabet="0123", min_length=2, max_length=2, height_px=16, width_px=32, channels=1
    )


def tiny_pixels(text: str, rng: np.random.Generator) -> np.ndarray:
    """Draw digits with OpenCV's own font, slightly moved: uint8 (16, 32, 1)."""
    page = np.full((16, 32), 255, np.uint8)
    for position, character in enumerate(text):
        x, y = 3 + 14 * position + int(rng.integers(0, 3)), 12 + int(rng.integers(0, 3))
        cv2.putText(page, character, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.45, int(rng.integers(0, 80)), 1)
    return page[:, :, None]


def tiny_samples(count: int, seed: int = 0) -> list[Sample]:
    """Samples of :func:`tiny_spec`."""
    rng = np.random.default_rng(seed)
    texts = ["".join(rng.choice(list("0123"), 2)) for _ in range(count)]
    return [
        Sample(encode_png(tiny_pixels(text, rng)), text, f"{index:05d}_{text}.png") for index, text in enumerate(texts)
    ]


@pytest.fixture
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty working directory with its own MLflow database."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    monkeypatch.delenv("MLFLOW_RUN_ID", raising=False)
    yield tmp_path


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of a network that reads :func:`tiny_samples` well."""
    from captcha_core.features.batches import array_batches
    from captcha_core.features.image import ImageFeatures
    from captcha_core.registry.bundle import BundleConfig, write_bundle
    from captcha_core.registry.export import to_litert
    from captcha_core.training.checkpoint import Checkpoint
    from captcha_core.training.config import TrainingConfig
    from captcha_core.training.fit import Task, train

    folder = tmp_path_factory.mktemp("tiny")
    spec = CaptchaSpec.build(
        media="image", alphabet="0123", min_length=2, max_length=2, height_px=16, width_px=32, channels=1
    )
    rng = np.random.default_rng(1)
    texts = ["".join(rng.choice(list("0123"), 2)) for _ in range(600)]
    x = np.stack([tiny_pixels(text, rng) for text in texts])
    recipe = TrainingConfig.build(epochs=6, steps_per_epoch=20, batch_size=16, learning_rate=0.01, ema=0.9)
    task = Task(spec, "image_cnn", {"filters": [8, 16, 16]}, recipe)
    batches = array_batches(x[:500], texts[:500], spec, 16, 0)
    trained = train(task, batches, (x[500:], texts[500:]), Checkpoint(folder / "checkpoint"))
    trained.model.save(folder / "model.keras")
    config = BundleConfig(
        network=task.network, options=task.options, head=task.head, features=ImageFeatures.of(spec), quantised=False
    )
    litert = to_litert(trained.model)
    write_bundle(folder / "bundle", spec, config, folder / "model.keras", litert, {"validation": trained.progress.best})
    return folder / "bundle"
