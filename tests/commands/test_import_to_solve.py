"""The whole road through the commands a user types: import, train, evaluate, promote, solve."""

import base64
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from filelock import FileLock

from tests.commands.walk import enter, prepare, run, settings

SETTINGS = settings(
    "epochs=6 minutes=null steps_per_epoch=20 batch_size=16 learning_rate=0.01 ema=0.9 augment=0.2 "
    "options.filters=[8,16,16]"
)


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a tiny model was trained from imported files and made champion."""
    training = ["train", "--data", "data/tiny", "--name", "captcha-tiny", "--network", "image_cnn", *SETTINGS]
    return prepare(tmp_path_factory.mktemp("road"), 600, 3, training, ["promote", "--name", "captcha-tiny"])


@pytest.fixture
def there(road: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return enter(road, monkeypatch)


TRAININGS = "tags.`captchalab.kind` = 'train'"
MODEL = "models:/captcha-tiny@champion"


def test_the_champion_reads_what_training_never_saw(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("evaluate", "--model", MODEL, "--data", "data/tiny", "--format", "json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["exact_match"] > 0.9
    assert report["exact_match_low"] < report["exact_match"] <= report["exact_match_high"] <= 1
    assert report["n"] > 80


def test_the_run_records_what_it_did(there: Path) -> None:
    from captcha_core.tracking.connect import client

    mine = client()
    (run_,) = mine.search_runs([mine.get_experiment_by_name("captchalab").experiment_id], TRAININGS)
    assert run_.info.status == "FINISHED"
    params, tags, metrics = run_.data.params, run_.data.tags, run_.data.metrics
    assert params["network.name"] == "image_cnn"
    assert params["training.batch_size"] == "16"
    assert params["spec.alphabet"] == "0123"
    assert tags["captchalab.training_digest"] == params["data.digest"]
    assert {"captchalab.version.tensorflow", "captchalab.registered", "captchalab.command"} <= set(tags)
    assert {"loss", "val_exact_match", "val_character_error_rate", "test_exact_match", "test_n"} <= set(metrics)
    assert len(mine.get_metric_history(run_.info.run_id, "val_exact_match")) == 6
    used = {one.tags[0].value: one.dataset.name for one in run_.inputs.dataset_inputs}
    assert used == {"training": "tiny"}, "MLflow keeps one input of a data set, whatever it was used for"
    assert tags["captchalab.evaluation_digest"] == params["data.digest"]
    files = {file.path for file in mine.list_artifacts(run_.info.run_id, "report")}
    assert {"report/predictions.csv", "report/confusion.csv", "report/worst", "report/metrics.json"} <= files


def test_solve_prints_a_line_a_file(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = sorted(map(str, Path("files").glob("*.png")))[:3]
    assert run("solve", *files, "--model", MODEL) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("\t")[0] for line in lines] == files


def test_solve_prints_json_lines(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(next(Path("files").glob("*.png")))
    assert run("solve", file, "--model", MODEL, "--format", "json") == 0
    line = json.loads(capsys.readouterr().out)
    assert set(line) == {"file", "text", "confidence", "characters", "elapsed_ms", "model"}
    assert line["model"] == {"name": "captcha-tiny", "version": "1", "alias": "champion"}
    assert [set(character) for character in line["characters"]] == [{"character", "confidence"}] * 2


def test_solve_goes_on_behind_a_file_that_is_none(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("notes.txt").write_text("hello", encoding="utf-8")
    file = str(next(Path("files").glob("*.png")))
    assert run("solve", "notes.txt", "nowhere.png", file, "--model", MODEL) == 1
    out, err = capsys.readouterr()
    assert out.startswith(file)
    assert "notes.txt: expected a PNG" in err
    assert "nowhere.png" in err


def test_mlflow_loads_and_asks_the_champion(there: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import mlflow

    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    monkeypatch.setenv("MLFLOW_ALLOW_MODEL_CODE_EXECUTION", "false")
    mlflow.set_tracking_uri(f"sqlite:///{there}/mlflow.db")
    model = mlflow.pyfunc.load_model(MODEL)
    files = sorted(Path("files").glob("*.png"))[:20]
    frame = pd.DataFrame({"media": [base64.b64encode(file.read_bytes()).decode() for file in files]})
    read = model.predict(frame)
    right = [text == file.stem.split("_")[1] for text, file in zip(read["text"], files, strict=True)]
    assert sum(right) >= 18


def test_a_resumed_run_is_the_same_run(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from captcha_core.tracking.connect import client

    mine = client()
    experiment = mine.get_experiment_by_name("captchalab").experiment_id
    (before,) = mine.search_runs([experiment], TRAININGS)
    with FileLock(f"runs/{before.info.run_id}/lock"):
        assert run("train", "--resume", before.info.run_id, "--minutes", "0.02") == 1
    assert "which another process is training" in capsys.readouterr().err
    assert mine.get_run(before.info.run_id).info.status == "FINISHED", "and it was not touched"
    assert run("train", "--resume", before.info.run_id) == 1
    assert "expected --minutes for the finished run" in capsys.readouterr().err
    assert run("train", "--resume", before.info.run_id, "--minutes", "0.02") == 0
    assert "next: captchalab solve FILE --model models:/captcha-tiny/2, or " in capsys.readouterr().err
    assert run("train", "--resume", before.info.run_id, "--minutes", "0.03") == 0, "again, with another budget"
    (after,) = mine.search_runs([experiment], TRAININGS)
    assert after.info.run_id == before.info.run_id
    assert len(mine.get_metric_history(after.info.run_id, "loss")) > 6
    assert {str(v.version) for v in mine.search_model_versions("name='captcha-tiny'")} == {"1", "2", "3"}
    assert after.data.params["training.minutes"] == "0.02", "as MLflow has it: the first value stays"
    assert "training.minutes=0.03" in after.data.tags["captchalab.resumed_with"]


def test_a_bundle_that_was_tampered_with_is_refused(
    there: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from captcha_core.registry.versions import locate

    bundle = shutil.copytree(locate(MODEL).path, tmp_path / "bundle")
    (bundle / "model.tflite").write_bytes(b"other")
    assert run("solve", "files", "--model", str(bundle)) == 1
    assert "model.tflite changed" in capsys.readouterr().err


def test_a_data_set_cannot_be_oversampled(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("train", "--data", "data/tiny", "--set", "oversample='1'") == 1
    assert "oversample with a live stream only" in capsys.readouterr().err
    assert run("train", "--preset", "digits4", "--set", "oversample=x") == 1
    assert "to oversample, received 'x'" in capsys.readouterr().err
