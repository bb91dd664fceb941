"""captchalab export as a user types it."""

import json
import sys
from pathlib import Path

import pytest

from experiments.cli import main
from tests.conftest import tiny_samples


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(list(arguments))
    return int(stop.value.code or 0)


def test_export_checks_on_data_or_noise(
    tiny_bundle: Path, empty_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (empty_folder / "files").mkdir()
    for sample in tiny_samples(120, seed=23):
        (empty_folder / "files" / sample.path).write_bytes(sample.media)
    assert run("import", "files", "--out", "data", "--label-from", "name-end", "--alphabet", "0123") == 0
    model = ("--model", str(tiny_bundle))
    capsys.readouterr()
    assert run("export", *model, "--format", "onnx", "--out", "out/tiny.onnx") == 0
    said = capsys.readouterr().out
    assert said.startswith("out/tiny.onnx: 100.00% equal texts") and "n = 500, on noise" in said
    assert run("export", *model, "--format", "litert-int8", "--out", "tiny.tflite") == 1
    assert "give --data DIR" in capsys.readouterr().err
    assert run("export", *model, "--format", "litert-int8", "--out", "tiny.tflite", "--data", "data") == 0
    assert "on data" in capsys.readouterr().out
    assert json.loads(Path("tiny.tflite.json").read_text(encoding="utf-8"))["name"] == "bundle"
    assert run("export", *model, "--format", "pmml", "--out", "x") == 1
    assert run("export", "--model", "nowhere", "--out", "x.tflite") == 1


def test_a_file_that_cannot_be_is_said_before_the_learner_is_started(
    tiny_bundle: Path, empty_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("captcha_core.native.start_keras", lambda: pytest.fail("seconds are lost"))
    model = ("--model", str(tiny_bundle))
    assert run("export", *model, "--format", "onnx", "--out", "tiny.tflite") == 1
    assert "ends in .onnx" in capsys.readouterr().err
    assert run("export", *model, "--out", "tiny.tflite", "--data", "nowhere") == 1
    assert "received nowhere" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["onnx", "ddddocr"])
def test_a_format_whose_extra_is_missing_names_the_extra(
    kind: str,
    tiny_bundle: Path,
    empty_folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert run("export", "--model", str(tiny_bundle), "--format", kind, "--out", "tiny.onnx") == 1
    said = capsys.readouterr().err
    assert f"expected the extra onnx for the format {kind}, received an installation without onnx" in said
    assert not list(Path().glob("tiny.onnx*"))
