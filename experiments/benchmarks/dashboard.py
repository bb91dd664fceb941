"""How quick the dashboard is with many runs, what it costs in memory, whom it asks: measured in a real browser.

A first visit loads a page by its address into a browser that has been on the dashboard before, with nothing of that
page in the server's caches. A second visit comes from another page by a click, or by the browser's way back where the
page's address has parameters. Both end when the page's content is there, not its frame.
"""

import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from captcha_core.dataset.in_memory import write_samples
from captcha_core.dataset.store import Dataset
from captcha_core.evaluation.drift import Histograms, Measured
from captcha_core.evaluation.live_log import LIVE, LiveLog, Period
from captcha_core.spec.sample import Sample
from experiments.benchmarks.many_runs import write_runs
from experiments.tools.browser import opened, served
from experiments.tools.processes import works

TABLE = '[data-testid="stDataFrame"] canvas'
CHART = ".js-plotly-plot .plot-container"
SHOWN = """([selector, text]) => [document, ...document.querySelectorAll('[data-testid^="stBidiComponent"]')].some(
    (place) => [...(place.shadowRoot ?? place).querySelectorAll(selector)].some(
        (found) => found.checkVisibility() && found.textContent.includes(text)))"""
WARM_S = 8.0  # the server loads its libraries while nobody waits
PROBED = "/_stcore/"  # Streamlit looks for itself below each page's address first, and is told 404
AIMS = {"first_s": 2.0, "second_s": 0.5, "memory_mb": 600}
DATA, POOL, MODEL = "data/digits4", "data/pool", "captcha-small"


@dataclass(frozen=True)
class Page:
    """A page, its address, and what is there when its content is."""

    title: str
    address: str
    content: str


@dataclass
class Watched:
    """Hosts that were asked for anything, and what a page wrote to the browser's console as an error of ours."""

    hosts: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)

    def of(self, browser: Any) -> "Watched":
        """Begin to watch a page of a browser."""
        browser.on("request", lambda one: self.hosts.add(urlsplit(one.url).netloc))
        browser.on("console", self._heard)
        browser.on("pageerror", lambda one: self.errors.append(str(one)))
        return self

    def _heard(self, message: Any) -> None:
        where = str((message.location or {}).get("url", ""))
        if message.type == "error" and PROBED not in where:
            self.errors.append(f"{message.text} {where}".strip())


def run(runs: int = 1000, epochs: int = 50, changes: int = 200, minutes: float = 2.0) -> dict[str, Any]:
    """Visit every page with ``runs`` runs of ``epochs`` epochs, then change pages ``changes`` times.

    Args:
        runs: In MLflow.
        epochs: Of each.
        changes: From page to page, for the memory.
        minutes: For the assessment that the Strength page shows.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ids, tracking = write_runs(folder, runs, epochs), f"sqlite:///{folder}/mlflow.db"
        _lived_in(folder, minutes)
        pages = _pages(ids)
        with served(folder, tracking) as (address, pid), opened() as browser:
            server, watched = psutil.Process(pid), Watched().of(browser)
            time.sleep(WARM_S)
            browser.goto(f"{address}compare")
            browser.wait_for_selector("h1")
            rows = [_visit(browser, server, address, page) for page in pages]
            for row, page in zip(rows, pages, strict=True):
                row |= _again(browser, server, address, page)
            before = server.memory_info().rss
            peak = _wander(browser, pages, changes, server)
            outside = sorted(watched.hosts - {urlsplit(address).netloc, ""})
    return {
        "suite": "dashboard",
        "runs": runs,
        "epochs": epochs,
        "aims": AIMS,
        "pages": rows,
        "changes": changes,
        "memory_mb": {"after_first_visits": round(before / 1e6), "peak_over_changes": round(peak / 1e6)},
        "outside_hosts": outside,
        "console_errors": sorted(set(watched.errors)),
    }


def table(found: dict[str, Any]) -> str:
    """Return the figures as a table, what misses an aim marked."""
    rows = [
        f"{row['page']:<22}{_marked(row, 'first_s')}{_marked(row, 'second_s')}"
        f"{row['first_cpu_s']:>12.2f}{row['second_cpu_s']:>12.2f}"
        for row in found["pages"]
    ]
    memory = found["memory_mb"]
    return "\n".join(
        [
            f"{found['runs']:,} runs of {found['epochs']} epochs; seconds until a page's content is there; of the "
            "server's processor beside them",
            f"{'page':<22}{'first':>9}{'second':>9}{'server 1st':>12}{'server 2nd':>12}",
            *rows,
            f"memory: {memory['after_first_visits']} MB after the first visits, {memory['peak_over_changes']} MB at "
            f"most over {found['changes']} page changes (aim: {AIMS['memory_mb']})",
            f"outside hosts asked: {', '.join(found['outside_hosts']) or 'none'}",
            f"console errors: {'; '.join(found['console_errors']) or 'none'}",
        ]
    )


def _marked(row: dict[str, Any], key: str) -> str:
    return f"{row[key]:>8.2f}{'!' if row[key] > AIMS[key] else ' '}"


def _pages(ids: list[str]) -> list[Page]:
    return [
        Page("Home", "", ".cl-task"),
        Page("Runs", "runs", TABLE),
        Page("Run", f"run?run={ids[0]}", CHART),
        Page("Compare", f"compare?runs={','.join(ids[:3])}", CHART),
        Page("Tune", "tune", CHART),
        Page("Mistakes", f"mistakes?run={ids[0]}", CHART),
        Page("Solve", "solve", '[data-testid="stFileUploader"]'),
        Page("Data", f"data?set={Path(DATA).name}", ".cl-card"),
        Page("Strength", "strength", CHART),
        Page("You against the model", "you", '[data-testid="stCheckbox"]'),
        Page("Label", "label", "input[data-turn]"),
        Page("Audit", "audit", ".cl-facts"),
        Page("Drift", "drift", CHART),
        Page("Registry", "registry", TABLE),
    ]


def _lived_in(folder: Path, minutes: float) -> None:
    """Fill the folder so that every page has content: a model, data, an audit, an assessment, a served model."""
    for words in (
        f"generate --scheme digits4 --count 3000 --seed 1 --out {DATA}",
        f"train --data {DATA} --name {MODEL} --minutes 0.05",
        f"promote --name {MODEL}",
        f"audit {DATA} --out audit.html",
        f"assess {DATA} --hours {minutes / 60:.4f} --out assessed",
    ):
        works(folder, *words.split())
    drawn = Dataset.open(folder / DATA)
    bare = [Sample(one.media, None, one.path) for one in list(drawn.samples("train"))[:300]]
    write_samples(folder / POOL, drawn.spec, bare, "drawn", "1/0/0")
    seen = Histograms()
    for number in range(500):
        seen.add(Measured(float(number % 7), 20.0 + number % 5, 5.0, "60 x 160", "4"))
    LiveLog(folder / LIVE, MODEL, "1").append(Period("2026-01-01", "2026-01-02", seen))


def _visit(browser: Any, server: psutil.Process, address: str, page: Page) -> dict[str, Any]:
    began, used = time.perf_counter(), _processor_s(server)
    browser.goto(address + page.address)
    _shown(browser, page.content)
    seconds = time.perf_counter() - began
    return {"page": page.title, "first_s": round(seconds, 2), "first_cpu_s": round(_processor_s(server) - used, 2)}


def _again(browser: Any, server: psutil.Process, address: str, page: Page) -> dict[str, Any]:
    """Come back to a page from another one, three times; the medians."""
    other = Page("Home", "", ".cl-task")  # it writes nothing into its address: one step back leads away from it
    if page.title == other.title:
        other = Page("Solve", "solve", '[data-testid="stFileUploader"]')
    browser.goto(address + page.address)
    _shown(browser, page.content)
    times, processor = [], []
    for _ in range(3):
        _click(browser, other)
        _shown(browser, other.content)
        browser.wait_for_timeout(300)  # what the other page does after its content is its own
        used = _processor_s(server)
        times.append(_back(browser, page) if "?" in page.address else _click(browser, page))
        processor.append(_processor_s(server) - used)
    return {"second_s": round(sorted(times)[1], 2), "second_cpu_s": round(sorted(processor)[1], 2)}


def _back(browser: Any, page: Page) -> float:
    began = time.perf_counter()
    browser.evaluate("history.back()")
    _shown(browser, page.content)
    return time.perf_counter() - began


def _click(browser: Any, page: Page) -> float:
    began = time.perf_counter()
    browser.locator('[data-testid="stSidebarNavLink"]', has_text=page.title).first.click()
    _shown(browser, "h1", "captchalab" if page.title == "Home" else page.title)
    if "?" not in page.address or page.title in ("Mistakes", "Data"):  # the others have none without their address
        _shown(browser, page.content)
    return time.perf_counter() - began


def _processor_s(server: psutil.Process) -> float:
    times = server.cpu_times()
    return float(times.user + times.system)


def _shown(browser: Any, selector: str, text: str = "") -> None:
    """Wait until it can be seen. Looked for in each frame: Playwright's own waits look again after half a second."""
    browser.wait_for_function(SHOWN, arg=[selector, text], polling="raf")


def _wander(browser: Any, pages: list[Page], changes: int, server: psutil.Process) -> int:
    """Change pages, and return the most memory that the server took."""
    peak, listed = int(server.memory_info().rss), [page for page in pages if page.title != "Run"]  # it is in no menu
    for index in range(changes):
        _click(browser, listed[index % len(listed)])
        peak = max(peak, int(server.memory_info().rss))
    return peak
