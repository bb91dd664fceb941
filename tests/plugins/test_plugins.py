"""Other people's networks, schemes, voices and sources, by the commands that their users type."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from captcha_core import plugins
from captcha_core.errors import SpecError
from captcha_core.media.audio import encode_wav
from captcha_core.sources.schemes import get_scheme
from captcha_core.tracking.connect import client

ROOT = Path(__file__).parent.parent.parent
TONES = Path(__file__).parent / "tones.py"
SETTINGS = ("epochs=1", "minutes=null", "steps_per_epoch=2", "batch_size=8", "options.width=4")


def captchalab(folder: Path, *arguments: str, **variables: str) -> tuple[int, str]:
    """Run a command in a folder; return its exit code and what it wrote."""
    own = {**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db", "PYTHONPATH": str(ROOT), **variables}
    own.pop("MLFLOW_RUN_ID", None)
    command = [sys.executable, "-m", "experiments.cli", *arguments]
    done = subprocess.run(command, cwd=folder, env=own, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a plugin's network learnt from clips of the plugin's scheme and voice."""
    folder = tmp_path_factory.mktemp("plugin")
    (folder / "tones.py").write_text(TONES.read_text(encoding="utf-8"), encoding="utf-8")
    draw = ["generate", "--scheme", "whistled-digits", "--count", "60", "--out", "data", "--workers", "2"]
    code, output = captchalab(folder, "--plugin", "tones", *draw)
    assert code == 0, output
    settings = [part for setting in SETTINGS for part in ("--set", setting)]
    learn = ["train", "--data", "data", "--network", "whistle_net", "--name", "whistle", *settings]
    code, output = captchalab(folder, *learn, CAPTCHALAB_PLUGINS="tones")
    assert code == 0, output
    return folder


def test_a_bundle_of_a_plugins_network_solves_without_the_plugin(trained: Path) -> None:
    (trained / "tones.py").unlink()
    (trained / "clip.wav").write_bytes(encode_wav(np.sin(np.arange(8_000) / 3).astype(np.float32), 8_000))
    code, output = captchalab(trained, "solve", "clip.wav", "--model", "models:/whistle@challenger")
    assert code == 0 and output.startswith("clip.wav\t"), output


def test_a_run_says_which_plugins_were_loaded(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{trained}/mlflow.db")
    mine = client()
    place = mine.get_experiment_by_name("captchalab").experiment_id
    (run,) = mine.search_runs([place], "tags.`captchalab.kind` = 'train'")
    assert run.data.tags["captchalab.plugins"] == "tones" and run.data.params["network.name"] == "whistle_net"


ODD = """
from captcha_core.features.audio import LogMelFeatures
from captcha_core.plugins import register_network

def build(shape, spec):
    import keras
    levels = keras.Input(tuple(shape), dtype="uint8")
    x = keras.layers.Lambda(lambda x: keras.ops.cast(x, "float32") / 255)(levels)
    x = keras.layers.Dense(spec.max_length * spec.charset.classes)(keras.layers.Flatten()(x))
    return keras.Model(levels, keras.layers.Reshape((spec.max_length, spec.charset.classes))(x))

register_network("odd_net", media="audio", head="positions", features=LogMelFeatures.of, build=build)
"""


def test_a_network_that_could_not_be_kept_is_refused_before_its_training(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (trained / "odd.py").write_text(ODD, encoding="utf-8")
    code, output = captchalab(trained, "--plugin", "odd", "train", "--data", "data", "--network", "odd_net")
    assert code == 1 and "without code of its own" in output and "without Lambda" in output, output
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{trained}/mlflow.db")
    place = client().get_experiment_by_name("captchalab").experiment_id
    assert not client().search_runs([place], "params.`network.name` = 'odd_net'")


def test_an_installed_plugin_needs_no_option(tmp_path: Path) -> None:
    site = tmp_path / "site"
    (site / "tones-1.0.dist-info").mkdir(parents=True)
    (site / "tones-1.0.dist-info" / "METADATA").write_text("Name: tones\nVersion: 1.0\n", encoding="utf-8")
    (site / "tones-1.0.dist-info" / "entry_points.txt").write_text(
        "[captchalab.plugins]\nx = tones\n", encoding="utf-8"
    )
    (site / "tones.py").write_text(TONES.read_text(encoding="utf-8"), encoding="utf-8")
    code, output = captchalab(
        tmp_path,
        "import",
        "songs:3",
        "--out",
        "data",
        "--split",
        "1/0/0",
        "--label-from",
        "name",
        PYTHONPATH=f"{ROOT}{os.pathsep}{site}",
    )
    assert code == 0 and (tmp_path / "data").is_dir(), output


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "expected a module broken to load as a plugin, received none of this name; "),
        (
            "import nowhere",
            "expected the plugin broken to load, received ModuleNotFoundError: No module named 'nowhere';",
        ),
        (
            "1 / 0",
            "expected the plugin broken to load, received ZeroDivisionError: division by zero; correct the module.",
        ),
        (
            "from captcha_core.plugins import register_network as add\n"
            "for _ in range(2): add('net', media='image', head='ctc', features=print, build=print)",
            "expected a new name for the network of a plugin, received 'net', which exists already; choose another.",
        ),
    ],
)
def test_a_plugin_that_does_not_load_ends_the_command_with_a_sentence(
    tmp_path: Path, text: str | None, sentence: str
) -> None:
    if text is not None:
        (tmp_path / "broken.py").write_text(text, encoding="utf-8")
    code, output = captchalab(tmp_path, "--plugin", "broken", "presets")
    assert code == 1 and output.startswith(f"Error: {sentence}") and output.count("\n") == 1, output


def test_our_names_are_refused() -> None:
    with pytest.raises(SpecError, match="expected a new name for the scheme of a plugin, received 'digits4'"):
        plugins.register_scheme(get_scheme("digits4"))
    table = plugins.Table("thing", {"ours": 1})
    with pytest.raises(SpecError, match="received 'ours', which exists already"):
        table.add("ours", 2)
    with pytest.raises(SpecError, match="expected a source with a name of two or more letters"):
        plugins.register_source("c", print)
