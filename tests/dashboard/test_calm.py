"""What holds on every page to the eye: contrast and structure by axe, no small text, no greying, no outside host."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from captcha_core.dataset.in_memory import write_samples
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample
from dashboard.pages import PAGES
from experiments.benchmarks.dashboard import Watched
from experiments.tools.browser import opened, served, settled
from tests.conftest import tiny_samples
from tests.dashboard.browser import axe_script, faults_of, keep_picture, require_browser
from tests.dashboard.lived_in import assessed, audited, findings_in, searched, served_live
from tests.dashboard.pages import World

FAINTEST = """() => new Promise((done) => {
  const seen = [], until = performance.now() + 2500;
  const frame = () => {
    const shown = [...document.querySelectorAll('[data-testid="stElementContainer"]')];
    seen.push(Math.min(...shown.map((one) => parseFloat(getComputedStyle(one).opacity))));
    performance.now() < until ? requestAnimationFrame(frame) : done(JSON.stringify([seen.length, Math.min(...seen)]));
  };
  frame();
})"""


@pytest.fixture
def site(world: World, tiny_spec: CaptchaSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    require_browser()
    shutil.copy(world.folder / "mlflow.db", tmp_path / "mlflow.db")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    bare = [Sample(sample.media, None, "captcha.png") for sample in tiny_samples(12, seed=22)]
    write_samples(tmp_path / "data" / "pool", tiny_spec, bare, "browser", "1/0/0")
    write_samples(tmp_path / "data" / "mine", tiny_spec, tiny_samples(80, seed=5), "import", "0/0/1")
    doubted = write_samples(tmp_path / "data" / "tiny", tiny_spec, tiny_samples(12, seed=4), "test", "1/0/0")
    audited(tmp_path / "audited", doubted, findings_in(doubted))
    assessed(tmp_path / "assessed", 90)
    searched()
    served_live(world.model, "1")
    with served(tmp_path, f"sqlite:///{tmp_path / 'mlflow.db'}") as (address, _):
        yield address


def views(world: World) -> list[str]:
    a, b = world.runs
    runs = f"compare?runs={a},{b}&view="
    return [
        *("" if place.name == "home" else place.name for place in PAGES),
        *(f"run?run={b}&part={view}" for view in ("What it reads", "Parameters", "Promote", "Notes")),
        *(f"{runs}{view}" for view in ("Figures", "Curves", "Parameters", "Groups", "Confusions", "Pairs", "Promote")),
        *(f"data?set=mine&look={look}" for look in ("Balance", "Repetitions", "Runs")),
        *(f"solve?from={way}" for way in ("Paste", "URL", "Camera", "Draw")),
        f"mistakes?run={b}", "registry?version=2", "label?labels=All labels", "tune?lines=true",
    ]  # fmt: skip


@pytest.mark.long  # axe comes from npm, and 50 views take minutes
@pytest.mark.parametrize("width_px", [1440, 390])
def test_axe_finds_nothing_serious_and_no_text_is_small(site: str, world: World, width_px: int, tmp_path: Path) -> None:
    axe = axe_script(tmp_path)
    found: dict[str, list[str]] = {}
    with opened(width_px, 900) as page:
        watched = Watched().of(page)
        for view in views(world):
            page.emulate_media(color_scheme="light")
            page.goto(site + view)
            settled(page)
            print(view, flush=True)
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                page.wait_for_timeout(700)  # charts take up the colours
                keep_picture(page, f"{width_px} {scheme} {view or 'home'}", full_page=True)
                if faults := faults_of(page, axe):
                    found[f"{view} {scheme}"] = faults
    assert found == {}
    assert watched.hosts <= {site.split("/")[2], ""}, "nothing is asked of an outside host"
    assert watched.errors == [], "and no error is written to the console"


def test_nothing_turns_grey_while_a_page_is_shown_anew(site: str) -> None:
    with opened() as page:
        page.goto(f"{site}runs")
        settled(page)
        field = page.get_by_role("textbox", name="Search")
        field.fill("tiny")
        watching: Any = page.evaluate_handle(f"({FAINTEST})().then((one) => (window.seen = one))")
        field.press("Enter")
        del watching
        page.wait_for_function("() => window.seen")
        frames, faintest = json.loads(page.evaluate("() => window.seen"))
        print(f"faintest of {frames} frames: {faintest}")
        assert frames > 10 and faintest == 1
