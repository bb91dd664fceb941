"""Skip, or fail where a browser has to be, when there is none; axe-core, and clicks that are counted."""

import os
import re
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from captcha_core.errors import CaptchaError
from captcha_core.sources.browser import find_browser, playwright

NEEDED = "CAPTCHALAB_NEED_BROWSER"  # set by .ci/run: there these tests never hide
AXE = "CAPTCHALAB_AXE"  # a file axe.min.js; by default npm is asked for it
SHOTS = "CAPTCHALAB_SHOTS"
AXE_PACKAGE = "axe-core@4.11.0"
FOUND = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations
  .filter((one) => ["serious", "critical"].includes(one.impact))
  .flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.html.slice(0, 120)}`))"""
LISTED = '[data-testid="stSidebarNavItems"][role="presentation"]'  # the list of pages is put right when it is there
SMALL = """() => {
  const found = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const element = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !element.getClientRects().length) continue;
    if (["STYLE", "SCRIPT", "TITLE"].includes(element.tagName)) continue;
    if (parseFloat(getComputedStyle(element).fontSize) < 12) found.push(walk.currentNode.data.trim());
  }
  return found;
}"""


def require_browser() -> None:
    try:
        playwright()
        find_browser()
    except CaptchaError as error:
        if os.environ.get(NEEDED):
            pytest.fail(str(error))
        pytest.skip(str(error))


def axe_script(folder: Path) -> str:
    """Return axe-core's program, from the file that the environment names or through npm; skip without it."""
    if given := os.environ.get(AXE):
        return Path(given).read_text(encoding="utf-8")
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip(f"expected npm or {AXE}, received neither")
    done = subprocess.run([npm, "pack", AXE_PACKAGE], cwd=folder, capture_output=True, check=False)
    packed = next(folder.glob("axe-core-*.tgz"), None)
    if done.returncode or packed is None:
        pytest.skip(f"expected {AXE_PACKAGE} from npm, received none; name a file in {AXE}")
    with tarfile.open(packed) as archive:
        member = archive.extractfile("package/axe.min.js")
        return member.read().decode() if member else ""


def faults_of(page: Any, axe: str) -> list[str]:
    """Return what axe finds serious or critical on a page, and its texts below 12 pixels."""
    page.locator(LISTED).first.wait_for(state="attached")
    page.evaluate(axe)
    return [*page.evaluate(FOUND), *(f"small: {text}" for text in page.evaluate(SMALL))]


def keep_picture(page: Any, name: str, **options: Any) -> None:
    """Keep a picture of a page in the folder that :data:`SHOTS` names, if it names one."""
    if folder := os.environ.get(SHOTS):
        page.screenshot(path=Path(folder) / f"{re.sub(r'[^a-zA-Z0-9, ]+', ' ', name)}.png", **options)


@dataclass
class Clicks:
    """Clicks on a page, counted: what a task costs a stranger."""

    page: Any
    count: int = 0

    def button(self, name: str, **options: Any) -> None:
        self._click(self.page.get_by_role("button", name=name, **options).first)

    def link(self, name: str) -> None:
        self._click(self.page.get_by_role("link", name=name).first)

    def tab(self, name: str) -> None:
        self._click(self.page.get_by_role("tab", name=name))

    def text(self, name: str) -> None:
        self._click(self.page.get_by_text(name, exact=True).first)

    def _click(self, what: Any) -> None:
        what.click()
        self.count += 1

    def done(self, task: str) -> None:
        """Print what the task took, and keep a picture of where it ended."""
        keep_picture(self.page, task)
        print(f"{task}: {self.count} {'click' if self.count == 1 else 'clicks'}")
