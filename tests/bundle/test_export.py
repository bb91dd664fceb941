"""Exported files compute what the model computes, and their examples read what the solver reads."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

from captcha_core.bundle import export as handout
from captcha_core.bundle.bundle import Bundle
from captcha_core.bundle.export import FORMATS, SUFFIX, export
from captcha_core.errors import ModelError
from captcha_core.solver import Solver
from captcha_core.spec.answer import ModelIdentity
from tests.conftest import tiny_samples

MODEL = ModelIdentity("captcha-tiny", "3")


@pytest.fixture(scope="module")
def solver(tiny_bundle: Path) -> Solver:
    return Solver.load(str(tiny_bundle))


@pytest.fixture(scope="module")
def features(solver: Solver) -> np.ndarray:
    return np.stack([solver.features(sample.media) for sample in tiny_samples(200, seed=21)])


@pytest.mark.parametrize("kind", FORMATS)
def test_files_examples_and_specifications(kind: str, solver: Solver, features: np.ndarray, tmp_path: Path) -> None:
    if kind == "ddddocr":
        pytest.importorskip("ddddocr")
    out = tmp_path / f"model{SUFFIX[kind]}"
    parity = export(solver.bundle, MODEL, kind, out, features)
    assert parity.n == 200
    assert parity.agree == 1.0 if kind != "litert-int8" else parity.agree >= 0.98
    about = json.loads((tmp_path / f"{out.name}.json").read_text(encoding="utf-8"))
    assert about["spec"] == solver.spec.model_dump(exclude_none=True)
    assert about["input"] == {"shape": [16, 32, 1], "dtype": "uint8"}
    assert (about["name"], about["version"], about["format"]) == ("captcha-tiny", "3", kind)
    example = (tmp_path / f"{out.name}.py").read_text(encoding="utf-8")
    assert len(example.splitlines()) <= 24
    sample = tiny_samples(1, seed=22)[0]
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "captcha.png").write_bytes(sample.media)
    done = subprocess.run(
        [sys.executable, f"../{out.name}.py", "captcha.png"],
        capture_output=True,
        text=True,
        cwd=tmp_path / "elsewhere",
        timeout=120,
    )
    assert done.stdout.strip() == solver.solve(sample.media).text, done.stderr[-2000:]
    assert not list(tmp_path.glob("*.part"))


def test_ddddocr_answers_what_the_solver_does(solver: Solver, features: np.ndarray, tmp_path: Path) -> None:
    ddddocr = pytest.importorskip("ddddocr")
    export(solver.bundle, MODEL, "ddddocr", tmp_path / "model.onnx", features[:20])
    reader = ddddocr.DdddOcr(
        show_ad=False,
        import_onnx_path=str(tmp_path / "model.onnx"),
        charsets_path=str(tmp_path / "charsets.json"),
    )
    samples = tiny_samples(60, seed=23)
    assert [reader.classification(one.media) for one in samples] == [solver.solve(one.media).text for one in samples]


def test_a_model_that_sees_no_plain_pixels_is_not_for_ddddocr(tmp_path: Path) -> None:
    reader = Solver.load("builtin")
    with pytest.raises(ModelError, match="train one with --network image_ctc"):
        export(reader.bundle, MODEL, "ddddocr", tmp_path / "model.onnx", np.zeros((1, 48, 192, 1), np.uint8))
    assert not list(tmp_path.iterdir())


def test_onnx_holds_the_specification_inside(solver: Solver, features: np.ndarray, tmp_path: Path) -> None:
    export(solver.bundle, MODEL, "onnx", tmp_path / "model.onnx", features[:10])
    graph = onnx.load(tmp_path / "model.onnx")
    onnx.checker.check_model(graph)
    inside = {prop.key: prop.value for prop in graph.metadata_props}
    assert json.loads(inside["captchalab"]) == json.loads((tmp_path / "model.onnx.json").read_text(encoding="utf-8"))


def test_the_example_of_a_ctc_model_folds_repetitions(solver: Solver) -> None:
    config = solver.bundle.config.model_copy(update={"head": "ctc"})
    text = handout.example(Bundle(solver.bundle.path, solver.spec, config), "onnx", "model.onnx")
    logits = np.eye(5)[[0, 1, 1, 0, 1, 3, 3, 0, 4]]
    lines = [line for line in text.splitlines() if line.startswith(("ids", "print"))]
    code = "\n".join(lines).replace("print(", "text = (")
    scope = {"logits": logits, "about": {"classes": ["", *"0123"]}}
    exec(code, scope)
    assert scope["text"] == "0023"


def test_what_is_refused(solver: Solver, features: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelError, match="expected a format of litert"):
        export(solver.bundle, MODEL, "savedmodel", tmp_path / "model", features)
    with pytest.raises(ModelError, match=r"ends in .onnx for onnx, received model.tflite"):
        export(solver.bundle, MODEL, "onnx", tmp_path / "model.tflite", features)

    def wrong(*_: object) -> handout.Run:
        return lambda x: np.zeros((len(x), 2, 5), np.float32)

    monkeypatch.setattr(handout, "_runner", wrong)
    with pytest.raises(ModelError, match="expected litert to compute what Keras computes"):
        export(solver.bundle, MODEL, "litert", tmp_path / "model.tflite", features)
    assert list(tmp_path.iterdir()) == [], "nothing half-done is left"
