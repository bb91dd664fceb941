"""A registered model is loaded where captchalab is not installed, and asks for no package that no index has."""

import base64
import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import mlflow
import pytest

from captcha_core.bundle.bundle import Bundle
from captcha_core.dataset.generate import GenerationRequest, write_drawn
from captcha_core.evaluation.report import Report
from captcha_core.registry.lookup import local_folder, open_registry
from captcha_core.registry.versions import Proof, register
from captcha_core.solver import Solver
from captcha_core.sources.schemes import get_scheme
from captcha_core.spec.answer import Answer
from captcha_core.tracking.connect import experiment
from captcha_core.tracking.runs import start_run
from captcha_core.workflows.logged_training import proof
from tests.conftest import tiny_samples, tone_clip

PUBLIC = {
    "ai-edge-litert", "mlflow", "numpy", "opencv-python-headless", "pandas", "pillow", "pydantic", "scipy", "soundfile",
    "soxr",
}  # fmt: skip
LOAD = """
import json, sys
sys.path.append(sys.argv[1])
import importlib.util
assert importlib.util.find_spec("captcha_core") is None, "the project is here"
import mlflow, pandas as pd
model = mlflow.pyfunc.load_model(sys.argv[2])
answer = model.predict(pd.DataFrame({"media": [sys.argv[3]]}))
print(json.dumps([*answer["text"], "tensorflow" in sys.modules, sys.modules["captcha_core"].__file__]))
"""


def logged(bundle: Path, media: bytes) -> Path:
    with start_run("registering") as run:
        proof = Proof(media, {"exact_match": 0.5}, "set", "0" * 64, "reads well")
        version = register(run, Bundle.open(bundle), "captcha-x.1", proof)
    return local_folder(open_registry().by_version("captcha-x.1", version).location)


@pytest.mark.parametrize("kind", ["image", "audio"])
def test_it_answers_where_captchalab_is_not_installed(
    empty_folder: Path, request: pytest.FixtureRequest, kind: str
) -> None:
    bundle = request.getfixturevalue("tiny_bundle" if kind == "image" else "tone_bundle")
    media = tiny_samples(1, seed=5)[0].media if kind == "image" else tone_clip("012", [0.2, 1.0, 2.0], 3.0)
    folder = logged(bundle, media)
    names = {line.partition("==")[0] for line in (folder / "requirements.txt").read_text().split()}
    assert names <= PUBLIC and {"numpy", "ai-edge-litert"} <= names
    words = [sysconfig.get_path("purelib"), str(folder), base64.b64encode(media).decode()]
    # -I and -S: neither PYTHONPATH nor the editable installation of the project is there
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", LOAD, *words], cwd=folder.parent, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    text, keras_came, file = json.loads(done.stdout.splitlines()[-1])
    assert text == Solver(Bundle.open(bundle), None).solve(media).text
    assert not keras_came and file.startswith(str(folder))


def test_the_model_tells_what_it_is(empty_folder: Path, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    media = tiny_samples(1, seed=5)[0].media
    folder = logged(tiny_bundle, media)
    info = mlflow.models.get_model_info(str(folder))
    assert info.signature.inputs.input_names() == ["media"]
    version = mlflow.MlflowClient().get_model_version("captcha-x.1", "1")
    model_id = version.source.removeprefix("models:/")
    assert version.description == "reads well"
    assert mlflow.get_logged_model(model_id).name == "captcha-x-1", "MLflow takes no dot there"
    example = mlflow.models.Model.load(str(folder)).load_input_example(str(folder))
    for name in ("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "MLFLOW_ALLOW_MODEL_CODE_EXECUTION"):
        monkeypatch.setenv(name, "false")
    model = mlflow.pyfunc.load_model(str(folder))
    assert model.predict(example)["text"][0] == Solver.load("models:/captcha-x.1/1").solve(media).text


def test_an_installed_captchalab_comes_first(empty_folder: Path, tiny_bundle: Path) -> None:
    """Whoever loads a model and goes on with the library has the whole of it."""
    folder = logged(tiny_bundle, tiny_samples(1)[0].media)
    script = (
        f"import mlflow; mlflow.pyfunc.load_model({str(folder)!r}); import captcha_core.workflows.train as train; "
        "print(train.__file__)"
    )
    root = Path(__file__).parent.parent.parent
    code = "import sys; sys.path.insert(0, sys.argv[1]); " + script
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, str(root)], cwd=empty_folder, capture_output=True, text=True
    )
    assert done.stdout.strip().endswith("captcha_core/workflows/train.py"), done.stderr[-2000:]
    assert str(folder) not in done.stdout


def test_its_figures_name_the_data_set(empty_folder: Path, tiny_bundle: Path) -> None:
    logged(tiny_bundle, tiny_samples(1)[0].media)
    (model,) = mlflow.MlflowClient().search_logged_models([experiment()])
    (metric,) = model.metrics
    assert (metric.key, metric.value, metric.dataset_name) == ("test_exact_match", 0.5, "set")


def test_its_example_is_a_captcha_that_it_could_read(tmp_path: Path) -> None:
    data = write_drawn(tmp_path / "d", GenerationRequest(get_scheme("digits4"), 3, 1, "fast", split="0/0/3"))
    samples = list(data.samples("test"))
    read = Answer("1234", 0.5, (), 1.0)
    assert proof(Report(data.spec, samples, [None, read, read]), data).example == samples[1].media
    assert proof(Report(data.spec, samples, [None] * 3), data).example is None
