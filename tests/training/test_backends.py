"""The same training under another backend and on several devices. Each runs in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from captcha_core.bundle.bundle import LiteRT
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.training.callbacks import Validation
from tests.training.test_fit import arrays

PROGRAM = """
import sys
from pathlib import Path
{devices}
import keras
from captcha_core.spec.captcha import CaptchaSpec
from tests.training.test_fit import fit
spec = CaptchaSpec.from_json(Path("spec.json").read_text())
fit(spec, Path("checkpoint"), epochs=2)
trained = fit(spec, Path("checkpoint"), epochs=3)  # goes on
assert trained.progress.epoch == 5
assert keras.backend.backend() == "{backend}"
assert trained.progress.best["val_exact_match"] > 0.8, trained.progress.best
trained.model.save("model.keras")
from captcha_core.bundle.convert import to_litert
Path("model.tflite").write_bytes(to_litert(trained.model))
"""
TWO_CPUS = """
import tensorflow as tf
(cpu,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from captcha_core.training.backend import scope
assert type(scope()).__name__ != "nullcontext"
"""


@pytest.mark.parametrize(("backend", "devices"), [("jax", ""), ("tensorflow", TWO_CPUS)], ids=["jax", "two devices"])
def test_what_was_trained_elsewhere_reads_the_same_here(
    tiny_spec: CaptchaSpec, tmp_path: Path, backend: str, devices: str
) -> None:
    (tmp_path / "spec.json").write_text(tiny_spec.to_json(), encoding="utf-8")
    environment = {**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": str(Path(__file__).parent.parent.parent)}
    program = PROGRAM.format(backend=backend, devices=devices)
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path, env=environment)
    model = keras.saving.load_model(tmp_path / "model.keras", compile=False, safe_mode=True)
    validation = Validation("positions", tiny_spec, *arrays(200, 2))
    assert validation.metrics(model)["val_exact_match"] > 0.8
    pixels, _ = arrays(20, 3)
    served = LiteRT((tmp_path / "model.tflite").read_bytes()).run(pixels)
    assert np.allclose(served, model.predict(pixels, verbose=0), atol=1e-3), "exported under TensorFlow"
