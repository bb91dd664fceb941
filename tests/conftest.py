"""What many tests share: a tiny specification, its samples, MLflow in an empty folder, and which tests are slow.

Nobody marks a test as slow: it is where its module imports what starts processes, servers, commands or trainings, or
where it uses a fixture that trains. A test that starts a process or a server and was not recognised so fails.
"""

import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from captcha_core.media.image import encode_png
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample

STARTERS = re.compile(
    r"^\s*(?:from|import) (?:subprocess|multiprocessing|socket|http\.server|uvicorn|schemathesis|mlflow|tensorflow|"
    r"numba|playwright|experiments\.(?:cli|tools|benchmarks)|captcha_core\.(?:training\.fit|workflows|solver)|"
    r"captcha_core\.(?:tracking\.(?:database|runs)|registry\.versions|serving\.(?:server|processes))|"
    r"dashboard(?:\.jobs| import jobs)|"
    r"captcha_core\.sources\.(?:browser|demo_site)|"
    r"tests\.(?:answering|rigs|commands|workflows|faults|dashboard\.(?:pages|browser)|serving\.running))\b",
    re.M,
)
TRAINED = {"tiny_bundle", "tone_bundle", "empty_folder"}  # fixtures that train, or open a database of MLflow's
PROGRAMS = re.compile(r"python|node|chrom|edge|initdb")
LONG_S = 7200  # that a long test may take at most: beside other work twenty starts of TensorFlow take over ten minutes
_slow = [True]  # whether what runs now may start processes and servers
_started: list[str] = []


@cache
def _starts(path: Path) -> bool:
    """Say whether a test module imports what starts processes, servers, commands or trainings."""
    return STARTERS.search(path.read_text(encoding="utf-8")) is not None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what is slow, and give long tests their time, whoever starts them and however."""
    asked_s = float(config.getoption("timeout", None) or 0)
    for item in items:
        if item.get_closest_marker("long") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(max(LONG_S, asked_s)))
        fixtures = set(getattr(item, "fixturenames", ()))
        if fixtures & TRAINED or _starts(item.path) or item.get_closest_marker("long"):
            item.add_marker("slow")


def _on_event(event: str, arguments: tuple[Any, ...]) -> None:
    if not _slow[0] and (
        (event == "subprocess.Popen" and PROGRAMS.search(str(arguments[0])))
        or (event == "socket.bind" and isinstance(arguments[1], tuple))
    ):
        _started.append(f"{event} {arguments[0]}")


sys.addaudithook(_on_event)


@pytest.fixture(autouse=True)
def quick_tests_start_nothing(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that is not slow and starts a process or a server: add what it imports to STARTERS."""
    _slow[0] = request.node.get_closest_marker("slow") is not None
    yield
    _slow[0], started = True, _started.copy()
    _started.clear()
    assert started == [], "expected a quick test to start nothing; let STARTERS in tests/conftest.py recognise it"


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


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with MLflow's tables and no run; making one takes a second, copying it none."""
    from captcha_core.tracking.address import ensure

    path = tmp_path_factory.mktemp("empty") / "mlflow.db"
    ensure(f"sqlite:///{path}")
    return path


@pytest.fixture
def empty_folder(empty_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty working directory with its own MLflow database, which this process makes as a copy."""
    monkeypatch.setattr(
        "captcha_core.tracking.address._make",
        lambda uri: shutil.copyfile(empty_database, uri.removeprefix("sqlite:///")),
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    for name in ("MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_NAME", "MLFLOW_EXPERIMENT_ID"):
        monkeypatch.delenv(name, raising=False)
    yield tmp_path


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of a network that reads :func:`tiny_samples` well."""
    from captcha_core.bundle.bundle import BundleConfig, write_bundle
    from captcha_core.bundle.convert import to_litert
    from captcha_core.features.batches import array_batches
    from captcha_core.features.image import ImageFeatures
    from captcha_core.training.checkpoint import Checkpoint
    from captcha_core.training.config import TrainingConfig, TrainingTask
    from captcha_core.training.fit import train

    folder = tmp_path_factory.mktemp("tiny")
    spec = CaptchaSpec.build(
        media="image", alphabet="0123", min_length=2, max_length=2, height_px=16, width_px=32, channels=1
    )
    rng = np.random.default_rng(1)
    texts = ["".join(rng.choice(list("0123"), 2)) for _ in range(600)]
    x = np.stack([tiny_pixels(text, rng) for text in texts])
    recipe = TrainingConfig.build(epochs=6, steps_per_epoch=20, batch_size=16, learning_rate=0.01, ema=0.9)
    task = TrainingTask(spec, "image_cnn", {"filters": [8, 16, 16]}, recipe)
    batches = array_batches(x[:500], texts[:500], spec, 16, 0)
    trained = train(task, batches, (x[500:], texts[500:]), Checkpoint(folder / "checkpoint"))
    trained.model.save(folder / "model.keras")
    config = BundleConfig(
        network=task.network, options=task.options, head=task.head, features=ImageFeatures.of(spec), quantised=False
    )
    litert = to_litert(trained.model)
    write_bundle(folder / "bundle", spec, config, folder / "model.keras", litert, {"validation": trained.progress.best})
    return folder / "bundle"


TONES_HZ = {"0": 500.0, "1": 1200.0, "2": 2600.0}
TONE_RATE_HZ = 8_000


def tone_spec() -> CaptchaSpec:
    """One to six tones in up to five seconds."""
    return CaptchaSpec.build(
        media="audio", alphabet="012", min_length=1, max_length=6, sample_rate_hz=TONE_RATE_HZ, max_seconds=5.0
    )


def tone_clip(text: str, starts_s: Sequence[float], seconds: float, tone_s: float = 0.3) -> bytes:
    """Return a WAV of some seconds in which each character is a tone that begins at a known time."""
    from captcha_core.media.audio import encode_wav

    clip = np.zeros(int(seconds * TONE_RATE_HZ), np.float32)
    times = np.arange(int(tone_s * TONE_RATE_HZ)) / TONE_RATE_HZ
    for character, start_s in zip(text, starts_s, strict=True):
        first = int(start_s * TONE_RATE_HZ)
        clip[first : first + len(times)] += 0.5 * np.sin(2 * np.pi * TONES_HZ[character] * times).astype(np.float32)
    return encode_wav(clip, TONE_RATE_HZ)


@pytest.fixture(scope="session")
def tone_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that reads :func:`tone_clip`: no training, its weights listen to three mel bands."""
    import keras
    from keras import layers

    from captcha_core.bundle.bundle import BundleConfig, write_bundle
    from captcha_core.bundle.convert import to_litert
    from captcha_core.features.audio import LogMelFeatures
    from captcha_core.features.log_mel import mel_filters
    from captcha_core.models.heads import scaled

    folder, spec = tmp_path_factory.mktemp("tones"), tone_spec()
    seen = LogMelFeatures.of(spec)
    levels = keras.Input(seen.shape, dtype="uint8")
    x = layers.Reshape((1, *seen.shape))(scaled(levels))
    listen = layers.Conv2D(spec.charset.classes, (1, 4), strides=(1, 4), padding="same", name="listen")
    x = listen(x)
    model = keras.Model(levels, layers.Reshape((x.shape[2], x.shape[3]), name="logits")(x))
    filters = mel_filters(seen.rate_hz, seen.window, seen.mels, seen.low_hz, seen.rate_hz / 2)
    kernel = np.zeros((1, 4, seen.mels, spec.charset.classes), np.float32)
    for character, hz in TONES_HZ.items():
        band = int(filters[round(hz * seen.window / seen.rate_hz)].argmax())
        kernel[0, :, band, spec.charset.encode([character], 1)[0][0]] = 10.0
    empty, full = (float(np.asarray(scaled(np.full((1, 1), level, np.uint8)))[0, 0]) for level in (0, 255))
    bias = np.zeros(spec.charset.classes, np.float32)
    bias[0] = 40.0 * (empty + 0.8 * (full - empty))  # the blank wins below four fifths of the range
    listen.set_weights([kernel, bias])
    model.save(folder / "model.keras")
    config = BundleConfig(network="audio_ctc", head="ctc", features=seen)
    write_bundle(folder / "bundle", spec, config, folder / "model.keras", to_litert(model), {"validation": {}})
    return folder / "bundle"
