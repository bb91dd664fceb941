"""The Solve page: files in, text and confidences out; whatever else is uploaded gets a sentence."""

import io
import shutil
import zipfile
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from captcha_core.registry.versions import CHALLENGER, set_champion, version_behind
from tests.conftest import tiny_samples
from tests.dashboard.pages import World, open_page, without_traceback, words_of


def _with(files: list[tuple[str, bytes]], **parameters: str) -> AppTest:
    page = open_page("solve", **parameters)
    page.file_uploader[0].set_value([(name, content, "application/octet-stream") for name, content in files])
    return without_traceback(page.run())


def test_one_image(world: World) -> None:
    sample = tiny_samples(1, seed=3)[0]
    page = _with([("one.png", sample.media)])
    assert page.code[0].value == sample.text
    words = words_of(page)
    assert "version 1 · champion" in words.replace("\\", "")
    assert words.count('class="cl-cell') == 2, "a confidence for each character"


def test_many_images_and_their_names(world: World) -> None:
    samples = tiny_samples(5, seed=4)
    files = [(f"<u>{index}.png", sample.media) for index, sample in enumerate(samples)]
    page = _with(files)
    words = words_of(page)
    assert "5 captchas read" in words
    assert "<u>0" not in words and "&lt;u&gt;0.png" in words
    assert list(page.dataframe[0].value["text"]) == [sample.text for sample in samples]


def test_a_zip(world: World) -> None:
    samples = tiny_samples(3, seed=4)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for sample in samples:
            archive.writestr(f"folder/{sample.path}", sample.media)
        archive.writestr("../climbs.png", samples[0].media)
        archive.writestr("notes.txt", b"hello")
    page = _with([("pile.zip", file.getvalue())])
    assert list(page.dataframe[0].value["text"]) == [sample.text for sample in samples]
    assert "Such paths are not followed" in words_of(page) and "notes" in words_of(page)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "This is an empty file"),
        (b"<svg onload=alert(1)>", "This is an SVG drawing, which no model reads; convert it to PNG"),
        (b"PK\x03\x04 and then nonsense", "a damaged one"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "This is a clip; the model reads a picture."),
    ],
)
def test_bad_uploads_get_a_sentence(world: World, content: bytes, sentence: str) -> None:
    assert sentence in words_of(_with([("bad.png", content)])).replace("\\", "")


def test_a_cut_off_image_gets_a_sentence(world: World) -> None:
    page = _with([("cut.png", tiny_samples(1)[0].media[:60])])
    assert "damaged or cut-off" in words_of(page).replace("\\", "")


def test_an_unknown_model_in_a_link(world: World) -> None:
    page = without_traceback(open_page("solve", model="models:/nobody@champion"))
    assert "which is not here" in words_of(page)
    assert page.selectbox(key="model-choice").value == "models:/captcha-tiny@champion"


def test_a_link_chooses_a_model(world: World) -> None:
    page = without_traceback(open_page("solve", model="models:/captcha-tiny/2"))
    assert page.selectbox(key="model-choice").value == "models:/captcha-tiny/2"


def test_the_builtin_reader_reads_before_anything_was_trained(fresh: Path) -> None:
    page = _with([("one.png", tiny_samples(1, seed=3)[0].media)])
    assert page.selectbox(key="model-choice").value == "builtin"
    assert "builtin" in words_of(page) and page.code[0].value


def test_the_builtin_reader_is_there_while_mlflow_is_away(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    page = _with([("one.png", tiny_samples(1, seed=3)[0].media)])
    assert "MLflow does not answer" in words_of(page) and page.code[0].value


def test_a_model_whose_bundle_is_refused(fresh: Path, tiny_bundle: Path) -> None:
    from captcha_core.bundle.bundle import Bundle
    from captcha_core.registry.versions import locate, register
    from captcha_core.tracking.runs import start_run

    with start_run("tiny") as run:
        register(run, Bundle.open(tiny_bundle), "captcha-tiny")
    set_champion("captcha-tiny", version_behind("captcha-tiny", CHALLENGER) or "")
    lying = locate("models:/captcha-tiny@champion").path
    (lying / "config.json").write_text("{}", encoding="utf-8")
    page = without_traceback(open_page("solve"))
    assert "This model cannot be used" in words_of(page) and "o not trust it" in words_of(page)
    assert page.selectbox(key="model-choice").options, "another model can be chosen"
    shutil.rmtree(lying)
    assert "This model cannot be used" in words_of(without_traceback(open_page("solve")))


def test_no_page_imports_tensorflow(world: World) -> None:
    import subprocess
    import sys

    program = (
        "import sys\n"
        "from tests.conftest import tiny_samples\n"
        "from tests.dashboard.pages import open_page\n"
        "from dashboard.pages import PAGES\n"
        "page = open_page('solve')\n"
        "page.file_uploader[0].set_value([('a.png', tiny_samples(1)[0].media, 'image/png')])\n"
        "assert page.run().code, 'nothing was read'\n"
        "for place in PAGES:\n"
        "    assert not open_page(place.name).exception\n"
        "heavy = {'tensorflow', 'keras', 'torch', 'librosa', 'numba'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    root = Path(__file__).parent.parent.parent
    code = f"import sys; sys.path.insert(0, {str(root)!r})\n{program}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
