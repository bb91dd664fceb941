"""A model that carries code or a pickle is refused, and none of it runs."""

import ast
import json
import shutil
import zipfile
from pathlib import Path

import cloudpickle
import mlflow
import pytest

from captcha_core.bundle.bundle import Bundle
from captcha_core.bundle.export import load_keras
from captcha_core.errors import ModelError
from captcha_core.solver import Solver
from captcha_core.tracking.connect import client

NAME = "captcha-evil"
WITNESS = "it-ran"
ROOT = Path(__file__).parent.parent.parent


class Evil:
    """Runs as soon as it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (Path(WITNESS),)  # type: ignore[return-value]


@pytest.fixture
def evil(empty_folder: Path, tiny_bundle: Path) -> Path:
    """A registered version whose folder holds a good bundle, a pickle, and code that is named as its loader."""
    folder = empty_folder / "model"
    shutil.copytree(tiny_bundle, folder / "data" / "bundle")
    (folder / "python_model.pkl").write_bytes(cloudpickle.dumps(Evil()))
    (folder / "code").mkdir()
    (folder / "code" / "evil_loader.py").write_text(
        f"from pathlib import Path\nPath({WITNESS!r}).touch()\ndef _load_pyfunc(path): return object()\n",
        encoding="utf-8",
    )
    mine = client()
    mine.create_registered_model(NAME)
    mine.create_model_version(NAME, str(folder))
    mine.set_registered_model_alias(NAME, "champion", "1")
    return folder


def flavour(folder: Path, **fields: object) -> None:
    """Write the MLmodel file that tells MLflow how to load the folder."""
    (folder / "MLmodel").write_text(json.dumps({"flavors": {"python_function": fields}}), encoding="utf-8")


def test_the_solver_runs_nothing_that_lies_beside_a_bundle(evil: Path) -> None:
    flavour(evil, loader_module="evil_loader", code="code", data="data/bundle")
    assert Solver.load(f"models:/{NAME}@champion").spec.alphabet == "0123"
    assert not Path(WITNESS).exists()


@pytest.mark.parametrize("name", ["evil.pkl", "evil.py", "code/evil.py"])
def test_a_pickle_or_code_inside_a_bundle_is_refused(evil: Path, name: str) -> None:
    path = evil / "data" / "bundle" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(cloudpickle.dumps(Evil()))
    with pytest.raises(ModelError, match="added"):
        Solver.load(f"models:/{NAME}@champion")
    assert not Path(WITNESS).exists()


def test_mlflow_itself_unpickles_nothing_in_our_processes(evil: Path) -> None:
    flavour(evil, loader_module="mlflow.pyfunc.model", python_model="python_model.pkl", cloudpickle_version="3")
    client()  # sets what our own processes set
    with pytest.raises(mlflow.MlflowException, match="(?i)pickle"):
        mlflow.pyfunc.load_model(str(evil))
    assert not Path(WITNESS).exists()


def test_none_of_our_code_lets_mlflow_load_a_model() -> None:
    """MLflow 3.17.2 knows no MLFLOW_ALLOW_MODEL_CODE_EXECUTION: it imports a model's ``code`` folder all the same."""
    for path in (file for top in ("captcha_core", "experiments", "dashboard") for file in (ROOT / top).rglob("*.py")):
        calls = [
            node.func for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)
        ]
        for call in calls:
            named = ast.unparse(call)
            assert not (named.startswith("mlflow") and named.endswith(("load_model", "load_context"))), (
                f"{path}: {named}"
            )


def test_a_lambda_in_a_keras_file_is_refused(tiny_bundle: Path, tmp_path: Path) -> None:
    import keras

    entry = keras.Input((2,))
    model = keras.Model(entry, keras.layers.Lambda(lambda x: x * 2)(entry))
    shutil.copytree(tiny_bundle, tmp_path / "bundle")
    model.save(tmp_path / "bundle" / "model.keras")
    assert zipfile.is_zipfile(tmp_path / "bundle" / "model.keras")
    good = Bundle.open(tiny_bundle)
    with pytest.raises(Exception, match=r"(?i)lambda|unsafe"):
        load_keras(Bundle(tmp_path / "bundle", good.spec, good.config))
    with pytest.raises(ModelError, match=r"model.keras changed"):
        Bundle.open(tmp_path / "bundle")
