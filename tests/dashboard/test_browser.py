"""The pages in a real browser: watch a training, compare, share a link, solve, refuse what is too large."""

import base64
import contextlib
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from captcha_core.bundle.bundle import Bundle
from captcha_core.dataset.split import SPLITS
from captcha_core.dataset.store import Dataset
from captcha_core.files import write_json
from captcha_core.media.audio import encode_wav
from captcha_core.registry.versions import register, set_champion
from captcha_core.tracking.provenance import born, owner_tags
from captcha_core.tracking.runs import start_run
from dashboard import jobs
from experiments.tools.browser import opened, served, settled
from tests.conftest import tiny_samples, tone_clip
from tests.dashboard.browser import require_browser
from tests.dashboard.pages import World, bare_run


@pytest.fixture(scope="module")
def site(filled: World, tone_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A server on a copy of the filled world, with a model of clips: its address and folder."""
    require_browser()
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(filled.folder / "mlflow.db", folder / "mlflow.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder / 'mlflow.db'}")
        patch.chdir(folder)
        with start_run("tones", {"captchalab.kind": "train"}) as run:
            register(run, Bundle.open(tone_bundle), "captcha-tones")
        set_champion("captcha-tones", "1")
    with served(folder, f"sqlite:///{folder / 'mlflow.db'}") as (address, _):
        yield address, folder
    with contextlib.chdir(folder):  # a training outlives the pages that started it
        jobs.stop()


@pytest.fixture
def page(site: tuple[str, Path]) -> Iterator[Any]:
    with opened() as page:
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        yield page
        assert not faults


def test_a_first_training_shows_on_the_page_that_started_it(
    empty_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_browser()
    from playwright.sync_api import expect

    shutil.copy(empty_database, tmp_path / "mlflow.db")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    monkeypatch.chdir(tmp_path)
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"])
    job = jobs.Job(process.pid, born(process.pid), ("pipeline", "--preset", "digits4"), int(1000 * time.time()))
    jobs.FOLDER.mkdir()
    write_json(jobs.FOLDER / jobs.RECORD, asdict(job))
    try:
        with served(tmp_path, f"sqlite:///{tmp_path / 'mlflow.db'}") as (address, _), opened() as page:
            page.goto(address)
            page.get_by_text("getting ready").wait_for()
            bare_run("RUNNING", **owner_tags(process.pid))
            page.get_by_text("first epoch").first.wait_for(timeout=20_000)
            expect(page.get_by_role("button", name="Stop"), "one button for what is seen").to_have_count(1)
            process.kill()
            process.wait()
            page.get_by_text("captchalab pipeline --preset digits4 failed.").wait_for(timeout=20_000)
    finally:
        process.kill()
        process.wait()


def test_compare_two_runs_and_open_the_link_in_a_new_tab(site: tuple[str, Path], page: Any, filled: World) -> None:
    address, _ = site
    page.goto(f"{address}runs?run={','.join(filled.runs)}")
    settled(page)
    page.get_by_role("link", name="Compare these 2 runs").click()
    page.locator("h1", has_text="Compare").wait_for()
    page.get_by_role("tab", name="Pairs").click()
    page.get_by_text("reads more than").wait_for()
    link = page.url
    assert all(run in link for run in filled.runs) and "view=Pairs" in link
    other = page.context.new_page()
    other.goto(link)
    settled(other)
    other.get_by_text("reads more than").wait_for()
    other.locator(".cl-card").first.wait_for()
    page.locator(".cl-card").first.wait_for()
    assert other.locator(".cl-card").count() == page.locator(".cl-card").count() > 0


def test_solve_an_image_and_refuse_a_clip(site: tuple[str, Path], page: Any, tmp_path: Path) -> None:
    import numpy as np

    address, _ = site
    sample = tiny_samples(1, seed=3)[0]
    image, clip = tmp_path / sample.path, tmp_path / "clip.wav"
    image.write_bytes(sample.media)
    clip.write_bytes(encode_wav(np.sin(np.arange(8000) / 9).astype(np.float32), 8000))
    page.goto(f"{address}solve?model=models:/captcha-tiny@champion")
    settled(page)
    page.set_input_files("input[type=file]", str(image))
    page.locator(".st-key-answer code", has_text=sample.text).wait_for()
    assert page.locator(".cl-cell").count() == 2
    page.set_input_files("input[type=file]", str(clip))
    page.get_by_text("This is a clip; the model reads a picture").first.wait_for()


def test_solve_a_clip_and_see_when_each_character_was_heard(site: tuple[str, Path], page: Any, tmp_path: Path) -> None:
    address, _ = site
    clip = tmp_path / "clip.wav"
    clip.write_bytes(tone_clip("120", (0.4, 1.5, 2.6), 3.5))
    page.goto(f"{address}solve?model=models:/captcha-tones@champion")
    settled(page)
    page.set_input_files("input[type=file]", str(clip))
    page.locator(".st-key-answer code", has_text="120").wait_for()
    drawn = page.locator("img.cl-clip")
    drawn.wait_for()
    assert drawn.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [960, 340]
    assert page.locator("audio").count() == 1
    page.wait_for_function("() => document.querySelector('audio').duration > 3.4")


def test_correct_an_answer_and_find_it_among_the_data(site: tuple[str, Path], page: Any, tmp_path: Path) -> None:
    address, folder = site
    sample = tiny_samples(1, seed=3)[0]
    image = tmp_path / sample.path
    image.write_bytes(sample.media)
    page.goto(f"{address}solve?model=models:/captcha-tiny@champion")
    settled(page)
    page.set_input_files("input[type=file]", str(image))
    field = page.get_by_label("True text, if it was read wrong")
    field.fill("31")
    field.press("Enter")
    page.get_by_text("1 label saved in data/corrections-captcha-tiny").wait_for()
    dataset = Dataset.open(folder / "data" / "corrections-captcha-tiny")
    assert [one.text for split in SPLITS for one in dataset.samples(split)] == ["31"]
    page.goto(f"{address}data?set=corrections-captcha-tiny")
    page.locator(".cl-card", has_text="31").wait_for()


def test_an_upload_of_300_mb_is_refused_and_the_page_goes_on(site: tuple[str, Path], page: Any, tmp_path: Path) -> None:
    address, _ = site
    huge, sample = tmp_path / "huge.png", tiny_samples(1, seed=3)[0]
    with huge.open("wb") as file:
        file.truncate(300 * 2**20)
    small = tmp_path / sample.path
    small.write_bytes(sample.media)
    page.goto(f"{address}solve?model=models:/captcha-tiny@champion")
    settled(page)
    page.set_input_files("input[type=file]", str(huge))
    page.get_by_text("64.0MB or smaller").wait_for()
    page.set_input_files("input[type=file]", str(small))
    page.locator(".cl-strip").wait_for()


def test_paste_a_picture(site: tuple[str, Path], page: Any) -> None:
    address, _ = site
    sample = tiny_samples(1, seed=3)[0]
    page.goto(f"{address}solve?from=Paste&model=models:/captcha-tiny@champion")
    settled(page)
    page.locator(".paste").click()
    page.evaluate(
        """(data) => {
          const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
          const transfer = new DataTransfer();
          transfer.items.add(new File([bytes], 'shot.png', { type: 'image/png' }));
          document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true }));
        }""",
        base64.b64encode(sample.media).decode(),
    )
    page.locator(".st-key-answer code", has_text=sample.text).wait_for()


@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_is_wider_than_the_screen(site: tuple[str, Path], width: int) -> None:
    from dashboard.pages import PAGES

    address, _ = site
    with opened(width, 800) as page:
        for place in PAGES:
            page.goto(address + ("" if place.name == "home" else place.name))
            settled(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, place.name
            assert page.get_by_text("fault of ours").count() == 0, place.name
