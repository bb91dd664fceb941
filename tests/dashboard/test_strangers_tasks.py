"""What a stranger comes for, done in a browser, with the clicks that it takes."""

import contextlib
import io
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from captcha_core.dataset.in_memory import write_samples
from captcha_core.dataset.labels import LabelLog
from captcha_core.dataset.store import Dataset
from captcha_core.registry.lookup import SqliteRegistry
from captcha_core.sources.generate import draw_samples
from captcha_core.sources.schemes import get_scheme
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample
from dashboard import jobs
from experiments.tools.browser import opened, served, settled
from tests.conftest import tiny_samples
from tests.dashboard.browser import Clicks, require_browser
from tests.dashboard.lived_in import assessed
from tests.dashboard.pages import World


@pytest.fixture(scope="module")
def site(filled: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A dashboard on a copy of the filled world."""
    require_browser()
    folder = tmp_path_factory.mktemp("strangers")
    shutil.copy(filled.folder / "mlflow.db", folder / "mlflow.db")
    spec = CaptchaSpec.build(
        media="image", alphabet="0123", min_length=2, max_length=2, height_px=16, width_px=32, channels=1
    )
    bare = [Sample(sample.media, None, "captcha.png") for sample in tiny_samples(20, seed=22)]
    write_samples(folder / "data" / "pool", spec, bare, "browser", "1/0/0")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder / 'mlflow.db'}")
        assessed(folder / "assessed", 90)
    with served(folder, f"sqlite:///{folder / 'mlflow.db'}") as (address, _):
        yield address, folder
    _stopped(folder)


@pytest.fixture
def clicks(site: tuple[str, Path]) -> Iterator[Clicks]:
    with opened() as page:
        page.goto(site[0])
        settled(page)
        yield Clicks(page)


TRAINED_MS = 900_000  # most that a page is waited for while a command of a minute or two runs: a busy machine is slow


@pytest.fixture
def first_visit(empty_database: Path, tmp_path: Path) -> Iterator[Clicks]:
    """A dashboard where nothing was ever trained."""
    require_browser()
    shutil.copy(empty_database, tmp_path / "mlflow.db")
    with served(tmp_path, f"sqlite:///{tmp_path / 'mlflow.db'}") as (address, _), opened() as page:
        page.goto(address)
        settled(page)
        yield Clicks(page)
    _stopped(tmp_path)


def _stopped(folder: Path) -> None:
    """Stop what a test that failed left running: it outlives the pages that started it."""
    with contextlib.chdir(folder):
        jobs.stop()


def test_solve_before_anything_was_trained(first_visit: Clicks) -> None:
    clicks, page = first_visit, first_visit.page
    clicks.link("Solve with the builtin reader")
    page.get_by_text("Images, clips or a zip of them").wait_for()
    sample = tiny_samples(1, seed=3)[0]
    page.set_input_files("input[type=file]", [{"name": "a.png", "mimeType": "image/png", "buffer": sample.media}])
    page.locator(".st-key-answer code").wait_for()
    clicks.done("solve at once")
    assert clicks.count == 1


@pytest.mark.long
@pytest.mark.timeout(2000)
def test_a_first_model_without_a_terminal(first_visit: Clicks) -> None:
    clicks, page = first_visit, first_visit.page
    page.get_by_label("Minutes").fill("1")
    page.get_by_label("Minutes").press("Tab")
    clicks.button("Start training")
    page.get_by_text("What it reads after").wait_for(timeout=TRAINED_MS)
    assert page.locator(".cl-small .cl-card").count() == 8
    assert page.get_by_role("button", name="Stop").count() == 1
    more = _until_it_reads(clicks)
    clicks.link("Try it")
    clicks.button("Draw one")
    page.locator(".cl-strip").wait_for()
    clicks.done("a first model")
    assert clicks.count == 3 + more


def _until_it_reads(clicks: Clicks) -> int:
    """Wait for the end of a training; where a busy machine learnt nothing, let it go on. Return how often it was."""
    done, more = clicks.page.get_by_role("link", name="Try it"), clicks.page.get_by_role("button", name="Once more")
    before = clicks.count
    while True:
        done.or_(more).first.wait_for(timeout=TRAINED_MS)
        if not more.count():
            return clicks.count - before
        clicks.button("Once more")
        more.wait_for(state="detached")


def test_the_best_run_and_why(clicks: Clicks, filled: World) -> None:
    clicks.link("Runs")
    clicks.link("Best")
    clicks.page.locator("h1", has_text="tiny").wait_for()
    assert filled.runs[0] in clicks.page.url
    clicks.tab("What it reads")
    clicks.page.locator(".js-plotly-plot").first.wait_for()
    clicks.done("the best run and why")
    assert clicks.count == 3


def test_two_runs_compared_and_the_link_sent(clicks: Clicks, site: tuple[str, Path], filled: World) -> None:
    clicks.page.goto(f"{site[0]}run?run={filled.runs[1]}")
    settled(clicks.page)
    clicks.link("Compare with champion")
    clicks.page.get_by_text("reads more than").wait_for()
    other = clicks.page.context.new_page()
    other.goto(clicks.page.url)
    other.get_by_text("reads more than").wait_for()
    clicks.done("two runs compared")
    assert clicks.count == 1


def test_twenty_solved_one_corrected_and_a_csv(clicks: Clicks, site: tuple[str, Path]) -> None:
    page = clicks.page
    clicks.link("Solve")
    page.get_by_text("Images, clips or a zip of them").wait_for()
    files = [
        {"name": f"{index}.png", "mimeType": "image/png", "buffer": sample.media}
        for index, sample in enumerate(tiny_samples(20, seed=31))
    ]
    page.set_input_files("input[type=file]", files)
    page.get_by_text("20 captchas read").wait_for()
    field = page.get_by_label("True text of").first
    field.fill("30" if field.input_value() != "30" else "31")
    clicks.button("Save what I corrected as labels")
    page.get_by_text("1 label saved in").wait_for()
    with page.expect_download() as download:
        clicks.button("Download CSV")
    assert Path(download.value.path()).read_text(encoding="utf-8").count("\n") == 21
    clicks.done("20 solved, one corrected, CSV")
    assert clicks.count == 3


def test_fifteen_labelled_by_keyboard(clicks: Clicks, site: tuple[str, Path]) -> None:
    page, pool = clicks.page, Dataset.open(site[1] / "data" / "pool")
    clicks.link("Label")
    for turn in range(15):
        page.locator(f'input[data-turn="{turn}"]:focus').wait_for()
        page.keyboard.press("Enter")
    page.locator('input[data-turn="15"]:focus').wait_for()
    assert len(LabelLog.of(pool.path, pool.spec).read()[0]) == 15
    clicks.tab("All labels")
    page.get_by_role("button", name="Make a data set of them").wait_for()
    clicks.done("15 labelled")
    assert clicks.count == 2


def test_what_was_typed_before_the_next_captcha_came_is_kept(clicks: Clicks, site: tuple[str, Path]) -> None:
    page = clicks.page
    page.goto(f"{site[0]}label")
    field = page.locator("input[data-turn]:focus")
    field.wait_for()
    turn = int(field.get_attribute("data-turn") or 0)
    page.keyboard.press("Enter")
    page.keyboard.type("31")
    page.locator(f'input[data-turn="{turn + 1}"]:focus').wait_for()
    assert page.locator("input[data-turn]").input_value() == "31"


def test_files_of_my_own_become_a_data_set(clicks: Clicks, site: tuple[str, Path]) -> None:
    page = clicks.page
    clicks.link("Data")
    clicks.text("Add a data set")
    page.set_input_files(
        "input[type=file]",
        [{"name": "mine.zip", "mimeType": "application/zip", "buffer": _zip(tiny_samples(40, seed=41))}],
    )
    page.get_by_text("1 file left out").wait_for()
    settled(page)
    clicks.button("Import 40 captchas")
    page.get_by_text("40 captchas imported as mine").wait_for()
    settled(page)
    page.get_by_role("button", name="Train on it").wait_for()
    assert "set=mine" in page.url
    clicks.done("files imported")
    assert clicks.count == 3 and sum(Dataset.open(site[1] / "data" / "mine").counts.values()) == 40


@pytest.mark.long
@pytest.mark.timeout(2000)
def test_files_of_my_own_are_imported_and_trained(first_visit: Clicks) -> None:
    clicks, page = first_visit, first_visit.page
    clicks.link("Data")
    drawn = draw_samples(get_scheme("digits4"), 5, range(400))
    page.set_input_files(
        "input[type=file]", [{"name": "mine.zip", "mimeType": "application/zip", "buffer": _zip(drawn)}]
    )
    page.get_by_text("1 file left out").wait_for()
    settled(page)
    clicks.button("Import 400 captchas")
    page.get_by_text("400 captchas imported as mine").wait_for()
    settled(page)
    clicks.button("Train on it")
    more = _until_it_reads(clicks)
    clicks.link("Try it")
    page.set_input_files("input[type=file]", [{"name": "a.png", "mimeType": "image/png", "buffer": drawn[0].media}])
    page.locator(".st-key-answer code").wait_for()
    clicks.done("own files imported and trained")
    assert clicks.count == 4 + more


def _zip(samples: Sequence[Sample]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for index, sample in enumerate(samples):
            archive.writestr(f"{sample.text}_{index:04d}.png", sample.media)
        archive.writestr("11_9999.png", b"\x89PNG\r\n\x1a\n cut off")
    return file.getvalue()


def test_promoted_and_rolled_back(clicks: Clicks, site: tuple[str, Path]) -> None:
    page, registry = clicks.page, SqliteRegistry(site[1] / "mlflow.db")
    page.goto(f"{site[0]}registry?model=captcha-tiny&version=2")
    settled(page)
    reason = page.get_by_label("Promote it all the same, because")
    reason.fill("trying it out")
    reason.press("Enter")
    page.wait_for_function(
        "() => [...document.querySelectorAll('button:enabled')].some(b => b.innerText.includes('Make'))"
    )
    clicks.button("Make version 2 champion of captcha-tiny")
    page.get_by_text("Version 2 of captcha-tiny is champion").wait_for()
    clicks.button("Roll back to version 1, which reads")
    clicks.button("Yes, back to version 1")
    page.get_by_text("Version 1 of captcha-tiny is champion again").wait_for()
    assert registry.by_alias("captcha-tiny", "champion").version == "1"
    clicks.done("promoted and rolled back")
    assert clicks.count == 3


def test_where_it_breaks(clicks: Clicks, site: tuple[str, Path]) -> None:
    page: Any = clicks.page
    clicks.link("Solve")
    page.goto(f"{site[0]}solve?model=builtin")
    settled(page)
    clicks.text("Draw")
    clicks.button("Where does the model break?")
    page.locator(".js-plotly-plot").wait_for(timeout=TRAINED_MS)  # it draws and reads 700 captchas
    clicks.done("where it breaks")
    assert clicks.count == 3


@pytest.mark.long
@pytest.mark.timeout(2000)
def test_how_hard_it_is(clicks: Clicks) -> None:
    page = clicks.page
    clicks.link("Strength")
    page.get_by_text("passes 90.0 % of these captchas").wait_for()
    page.get_by_text("Limit tries to 3 an hour").first.wait_for()
    with page.expect_download() as download:
        clicks.button("Download the report")
    assert "What to change first" in Path(download.value.path()).read_text(encoding="utf-8")
    clicks.done("how hard it is")
    assert clicks.count == 2


@pytest.mark.long
@pytest.mark.timeout(2000)
def test_how_hard_it_is_from_nothing(clicks: Clicks, site: tuple[str, Path], tiny_spec: CaptchaSpec) -> None:
    page = clicks.page
    write_samples(site[1] / "data" / "a-hard-one", tiny_spec, tiny_samples(120, seed=7), "import", "80/20/20")
    clicks.link("Strength")
    clicks.text("Assess a captcha")
    page.get_by_label("Minutes", exact=True).fill("2")
    page.get_by_label("Minutes", exact=True).press("Tab")
    clicks.button("Assess it")
    page.get_by_text("Assessing data/a-hard-one").first.wait_for()
    page.get_by_role("link", name="What was found").wait_for(timeout=TRAINED_MS)
    clicks.link("What was found")
    page.get_by_text("of these captchas").or_(page.get_by_text("None of the machines tried")).first.wait_for()
    clicks.done("how hard it is, from nothing")
    assert clicks.count == 4 and (site[1] / "assess-a-hard-one" / "report.html").is_file()


@pytest.mark.long
@pytest.mark.timeout(2000)
def test_a_search_started_watched_and_stopped(clicks: Clicks) -> None:
    page = clicks.page
    clicks.link("Tune")
    for label, value in (("Trials", "3"), ("Minutes a trial", "0.3")):
        page.get_by_label(label, exact=True).fill(value)
        page.get_by_label(label, exact=True).press("Tab")
    clicks.button("Start search")
    page.get_by_text("Searching for digits4").first.wait_for()
    clicks.link("Tune")
    page.get_by_text("of 3").first.wait_for(timeout=TRAINED_MS)
    clicks.button("Stop")
    page.get_by_text("It stops at the end of this step").wait_for()  # a page that is left at once has not heard it
    clicks.link("Home")
    page.get_by_text("was stopped").first.wait_for(timeout=TRAINED_MS)
    clicks.done("a search started, watched and stopped")
    assert clicks.count == 5
