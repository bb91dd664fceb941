"""Letters as a method like the others: import, train, evaluate, solve with boxes."""

import json
from pathlib import Path

import numpy as np
import pytest

from captcha_core.media.image import encode_png
from tests.commands.walk import enter, prepare, run, settings
from tests.conftest import tiny_samples
from tests.features.drawn import overlap

SETTINGS = settings(
    "epochs=8 minutes=null steps_per_epoch=20 batch_size=16 learning_rate=0.01 ema=0.9 options.filters=[8,16,16]"
)
TRAIN = ["train", "--data", "data/tiny", "--network", "letters", *SETTINGS]


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with tiny captchas and a letters model trained on them."""
    return prepare(tmp_path_factory.mktemp("letters"), 500, 4, [*TRAIN, "--name", "captcha-letters"])


@pytest.fixture
def there(road: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return enter(road, monkeypatch)


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
    from captcha_core.bundle.bundle import Bundle
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
    from captcha_core.workflows.evaluate import read_all

    blank = Sample(encode_png(np.full((16, 32), 255, np.uint8)), "00")
    report = read_all(Solver.load(MODEL), [blank, *tiny_samples(9, seed=9)])
    assert report.numbers["unreadable"] == 1
    assert report.exact_match.hits <= 9 and report.exact_match.n == 10


def test_it_is_loaded_by_the_server_and_the_dashboard(there: Path) -> None:
    from captcha_core.serving.models import example_media, load_solvers
    from dashboard.solvers import load_solver

    solver = load_solver(MODEL)
    (served,) = load_solvers(MODEL, 1)
    assert len(served.solve(example_media(solver.spec)).text) == 2


def test_it_learns_from_a_folder_for_each_character(
    there: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from captcha_core.solver import Solver
    from captcha_core.tracking.connect import client

    out = str(tmp_path / "cut")
    assert run("letters", "data/tiny", "--out", out) == 0
    (tmp_path / "cut" / "letters" / "9").mkdir()
    (tmp_path / "cut" / "letters" / "9" / "stray.png").write_bytes(tiny_samples(1)[0].media)
    capsys.readouterr()
    name = "captcha-from-letters"
    assert run(*TRAIN, "--letters", f"{out}/letters", "--name", name) == 0
    printed = capsys.readouterr()
    assert "1 files left out" in printed.err and "9/stray.png" in printed.err
    model = f"models:/{name}@challenger"
    assert run("evaluate", "--model", model, "--data", "data/tiny", "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["exact_match"] > 0.9
    file = sorted(Path("files").glob("*_12.png"))[0]
    answer = Solver.load(model).solve(file.read_bytes())
    assert answer.text == "12" and all(character.box_px is not None for character in answer.characters)
    trained = client().get_run(client().get_model_version_by_alias(name, "challenger").run_id)
    assert trained.data.params["data.name"] == "letters"


@pytest.mark.parametrize(
    ("network", "letters", "sentence"),
    [
        ("letters", "files", "expected a data set of single letters, or a folder for each character"),
        ("letters", "data/tiny", "expected a data set of single letters, received data/tiny with texts of up to 2"),
        ("letters", "nowhere", "expected a data set"),
        ("image_cnn", "files", "expected a letters network with --letters"),
    ],
)
def test_what_holds_no_letters_is_refused(
    there: Path, capsys: pytest.CaptureFixture[str], network: str, letters: str, sentence: str
) -> None:
    assert run("train", "--data", "data/tiny", "--network", network, "--letters", letters) == 1
    assert sentence in capsys.readouterr().err


def test_cut_off_it_leaves_nothing_that_is_in_the_way(
    there: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    out = tmp_path / "cut"
    with monkeypatch.context() as patch:
        patch.setattr("captcha_core.dataset.in_memory.write_samples", full)
        assert run("letters", "data/tiny", "--out", str(out)) == 1
    assert "received: No space left on device" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    (tmp_path / ".cut.new" / "letters").mkdir(parents=True)  # of one that was killed
    assert run("letters", "data/tiny", "--out", str(out)) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"cut"}
    assert {"letters", "dataset"} <= {path.name for path in out.iterdir()}
