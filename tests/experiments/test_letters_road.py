"""Letters as a method like the others: import, train, evaluate, solve with boxes."""

import json
from pathlib import Path

import numpy as np
import pytest

from captcha_core.media.image import encode_png
from experiments.cli import main
from tests.conftest import tiny_samples
from tests.features.drawn import overlap

SETTINGS = "epochs=8 minutes=null steps_per_epoch=20 batch_size=16 learning_rate=0.01 ema=0.9 options.filters=[8,16,16]"
TRAIN = ["--network", "letters", *(word for pair in SETTINGS.split() for word in ("--set", pair))]


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(list(arguments))
    return int(stop.value.code or 0)


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with tiny captchas, one blank among the test samples, and a letters model trained on them."""
    folder = tmp_path_factory.mktemp("letters")
    (folder / "files").mkdir()
    for sample in tiny_samples(500, seed=4):
        (folder / "files" / sample.path).write_bytes(sample.media)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/mlflow.db")
        patch.delenv("MLFLOW_RUN_ID", raising=False)
        assert run("import", "files", "--out", "data/tiny", "--label-from", "name-end", "--alphabet", "0123") == 0
        assert run("train", "--data", "data/tiny", "--name", "captcha-letters", *TRAIN) == 0
    return folder


@pytest.fixture
def there(road: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(road)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{road}/mlflow.db")
    monkeypatch.delenv("MLFLOW_RUN_ID", raising=False)
    return road


MODEL = "models:/captcha-letters@challenger"


def test_it_reads_what_training_never_saw(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("evaluate", "--model", MODEL, "--data", "data/tiny", "--format", "json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["exact_match"] > 0.9


def test_answers_have_boxes(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from captcha_core.solver import Solver

    file = sorted(Path("files").glob("*_12.png"))[0]
    answer = Solver.load(MODEL).solve(file.read_bytes())
    left, right = [character.box_px for character in answer.characters]
    assert left is not None and right is not None
    assert left[2] <= right[0] + 1
    assert overlap(left, (3, 3, 14, 15)) > 0.3


def test_the_bundle_holds_the_segmentation(there: Path) -> None:
    from captcha_core.registry.bundle import Bundle
    from captcha_core.registry.versions import locate

    features = Bundle.open(locate(MODEL).path).config.features
    assert features.kind == "letters"
    assert features.segmentation.side_px == 28


def test_a_captcha_that_cannot_be_cut_is_refused_with_the_reason(
    there: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("blank.png").write_bytes(encode_png(np.full((16, 32), 255, np.uint8)))
    assert run("solve", "blank.png", "--model", MODEL) == 1
    assert "expected 2 letters, received a picture in which nothing stands out" in capsys.readouterr().err


def test_failed_segmentations_count_as_wrong(there: Path) -> None:
    from captcha_core.solver import Solver
    from captcha_core.spec.sample import Sample
    from experiments.reading import read_all

    blank = Sample(encode_png(np.full((16, 32), 255, np.uint8)), "00")
    report = read_all(Solver.load(MODEL), [blank, *tiny_samples(9, seed=9)])
    assert report.numbers["unreadable"] == 1
    assert report.exact_match.hits <= 9 and report.exact_match.n == 10


def test_it_is_loaded_by_the_server_and_the_dashboard(there: Path) -> None:
    from captcha_core.serving.models import example_media, load_readers
    from dashboard.solvers import load_warm

    solver = load_warm(MODEL)
    (reader,) = load_readers(MODEL, 1)
    assert len(reader.solve(example_media(solver.spec)).text) == 2
