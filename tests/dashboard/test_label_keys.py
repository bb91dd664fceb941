"""The Label page in a real browser: one keystroke for a right guess."""

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from captcha_core.dataset.in_memory import write_samples
from captcha_core.dataset.labels import Label, LabelLog
from captcha_core.dataset.store import Dataset
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample
from experiments.tools.browser import opened, served
from tests.conftest import tiny_samples
from tests.dashboard.browser import require_browser
from tests.dashboard.pages import World


def wait_for(what: Callable[[], Any], seconds: float = 40.0) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.05)
    raise AssertionError(f"nothing came within {seconds} s")


@pytest.fixture
def pool(tiny_spec: CaptchaSpec, tmp_path: Path) -> Dataset:
    bare = [Sample(sample.media, None, "captcha.png") for sample in tiny_samples(30, seed=22)]
    return write_samples(tmp_path / "data" / "pool", tiny_spec, bare, "browser", "1/0/0")


@pytest.fixture
def dashboard(world: World, pool: Dataset, tmp_path: Path) -> Iterator[str]:
    """The dashboard at work in a folder of its own, with the models of the filled one."""
    require_browser()
    with served(tmp_path, os.environ["MLFLOW_TRACKING_URI"]) as (address, _):
        yield address


@pytest.fixture
def page(dashboard: str) -> Iterator[Any]:
    with opened() as page:
        page.goto(f"{dashboard}label")
        yield page


def lines(pool: Dataset) -> list[Label]:
    return LabelLog.of(pool.path, pool.spec).read()[0]


def ready(page: Any, turn: int) -> str:
    """Wait until the field of this turn has the focus and all of its text is selected; return the text."""
    field = page.locator(f'input[data-turn="{turn}"]:focus')
    field.wait_for(timeout=60_000)
    value, start, end = json.loads(
        field.evaluate("field => JSON.stringify([field.value, field.selectionStart, field.selectionEnd])")
    )
    assert (start, end) == (0, len(value))
    return str(value)


def test_one_keystroke_for_a_right_guess(page: Any, pool: Dataset) -> None:
    for turn in range(5):
        guess = ready(page, turn)
        page.keyboard.press("Enter")
        wait_for(lambda turn=turn: len(lines(pool)) == turn + 1)
        assert lines(pool)[-1].accepted and lines(pool)[-1].text == guess
    assert len({line.id for line in lines(pool)}) == 5

    ready(page, 5)
    page.keyboard.type("33")  # typing replaces the guess, which is selected
    page.keyboard.press("Enter")
    wait_for(lambda: len(lines(pool)) == 6)
    assert lines(pool)[-1].text == "33"

    ready(page, 6)
    page.keyboard.press("Escape")
    wait_for(lambda: len(lines(pool)) == 7)
    assert lines(pool)[-1].text is None

    ready(page, 7)
    page.keyboard.press("ArrowUp")
    ready(page, 8)
    page.keyboard.press("ArrowUp")
    assert ready(page, 9) == "33"

    page.keyboard.type("9")
    page.keyboard.press("Enter")
    page.get_by_text("where a label of 2 characters is needed").wait_for()
    assert len(lines(pool)) == 7


def test_two_tabs_at_once(dashboard: str, page: Any, pool: Dataset) -> None:
    tabs = [page, page.context.new_page()]
    tabs[1].goto(f"{dashboard}label")
    for turn in range(4):
        for tab in tabs:
            tab.bring_to_front()
            ready(tab, turn)
            tab.keyboard.press("Enter")
    wait_for(lambda: len(lines(pool)) == 8)
    assert LabelLog.of(pool.path, pool.spec).read()[1] == 0
