"""How quick the dashboard is with many runs, and what it costs in memory: measured in a real browser.

A first visit loads a page by its address into a browser that has been on the dashboard before, with nothing of that
page in the server's caches. A second visit comes from another page by a click. Both end when the page's content is
there, not its frame.
"""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from experiments.benchmarks.many_runs import write_runs
from experiments.tools.browser import opened, served
from experiments.tools.processes import works

TABLE = '[data-testid="stDataFrame"] canvas'
CHART = ".js-plotly-plot .plot-container"
SHOWN = """([selector, text]) => [...document.querySelectorAll(selector)].some(
    (found) => found.checkVisibility() && found.textContent.includes(text))"""
WARM_S = 8.0  # the server loads its libraries while nobody waits


@dataclass(frozen=True)
class Page:
    """A page, its address, and what is there when its content is."""

    title: str
    address: str
    content: str


def run(runs: int = 1000, epochs: int = 50, changes: int = 200) -> dict[str, Any]:
    """Visit every page with ``runs`` runs of ``epochs`` epochs, then change pages ``changes`` times."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ids, tracking = write_runs(folder, runs, epochs), f"sqlite:///{folder}/mlflow.db"
        _model(folder)
        pages = _pages(ids)
        with served(folder, tracking) as (address, pid), opened() as browser:
            server = psutil.Process(pid)
            time.sleep(WARM_S)
            browser.goto(f"{address}compare")
            browser.wait_for_selector("h1")
            rows = [_visit(browser, address, page) for page in pages]
            for row, page in zip(rows, pages, strict=True):
                row["second_s"] = _again(browser, page, pages)
            before = server.memory_info().rss
            peak = _wander(browser, pages, changes, server)
    return {
        "suite": "dashboard",
        "runs": runs,
        "epochs": epochs,
        "pages": rows,
        "changes": changes,
        "memory_mb": {"after_first_visits": round(before / 1e6), "peak_over_changes": round(peak / 1e6)},
    }


def _pages(ids: list[str]) -> list[Page]:
    return [
        Page("Home", "", ".cl-task"),
        Page("Runs", "runs", TABLE),
        Page("Compare", f"compare?runs={','.join(ids[:3])}", CHART),
        Page("Tune", "tune", CHART),
        Page("Mistakes", f"mistakes?run={ids[0]}", CHART),
        Page("Solve", "solve", '[data-testid="stFileUploader"]'),
        Page("Data", "data", ".cl-card"),
        Page("Registry", "registry", TABLE),
    ]


def _model(folder: Path) -> None:
    """Register a small model and draw a data set, so that the pages on them have content."""
    for words in (
        "generate --scheme digits4 --count 3000 --seed 1 --out data/digits4",
        "train --data data/digits4 --name captcha-small --minutes 0.05",
        "promote --name captcha-small",
    ):
        works(folder, *words.split())


def _visit(browser: Any, address: str, page: Page) -> dict[str, Any]:
    began = time.perf_counter()
    browser.goto(address + page.address)
    _shown(browser, page.content)
    return {"page": page.title, "first_s": round(time.perf_counter() - began, 2)}


def _again(browser: Any, page: Page, pages: list[Page]) -> float:
    """Come back to a page from another one, three times; the median."""
    other = next(one for one in pages if one.title != page.title and one.content != page.content)
    times = []
    for _ in range(3):
        _click(browser, other)
        times.append(_click(browser, page))
    return round(sorted(times)[1], 2)


def _click(browser: Any, page: Page) -> float:
    began = time.perf_counter()
    browser.locator('[data-testid="stSidebarNavLink"]', has_text=page.title).first.click()
    _shown(browser, "h1", "captchalab" if page.title == "Home" else page.title)
    if "?" not in page.address or page.title == "Mistakes":
        _shown(browser, page.content)
    return time.perf_counter() - began


def _shown(browser: Any, selector: str, text: str = "") -> None:
    """Wait until it can be seen. Looked for in each frame: Playwright's own waits look again after half a second."""
    browser.wait_for_function(SHOWN, arg=[selector, text], polling="raf")


def _wander(browser: Any, pages: list[Page], changes: int, server: psutil.Process) -> int:
    """Change pages, and return the most memory that the server took."""
    peak = int(server.memory_info().rss)
    for index in range(changes):
        _click(browser, pages[index % len(pages)])
        peak = max(peak, int(server.memory_info().rss))
    return peak
