"""Take a picture of every page of the dashboard, at the width of a laptop and of a phone, in light and in dark.

It serves the dashboard from the working folder, so what is in the pictures is what was trained here.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from captcha_core.errors import CaptchaError
from captcha_core.registry.runs import client, use_tracking
from captcha_core.registry.versions import CHAMPION
from experiments.browser import opened, served, settled

OUT = Path("screenshots")
WIDTHS_PX = (1280, 390)
TALLEST_PX = 3200


@dataclass(frozen=True)
class Shot:
    """One picture: its name, the page's address, and what to do on it first."""

    name: str
    address: str
    first: Callable[[Any], None] | None = None


def shots() -> list[Shot]:
    """Return what to take, by what there is in MLflow.

    Raises:
        CaptchaError: If nothing was trained yet.
    """
    mine = client()
    experiments = [one.experiment_id for one in mine.search_experiments()]
    runs = mine.search_runs(experiments, "metrics.test_exact_match > 0 and tags.`captchalab.kind` = 'train'")
    models = [one.name for one in mine.search_registered_models() if CHAMPION in one.aliases]
    if not runs or not models:
        raise CaptchaError("expected a champion to show, received none; run `make pipeline` first.")
    by_preset: dict[str, list[str]] = {}
    for run in runs:
        by_preset.setdefault(run.data.tags.get("captchalab.preset", ""), []).append(run.info.run_id)
    several = max(by_preset.values(), key=len)[:3]
    pick = f"compare?runs={','.join(several)}"
    model = models[0]
    version = mine.get_registered_model(model).latest_versions[-1].version
    return [
        Shot("home", ""),
        Shot("runs", f"runs?run={several[0]}"),
        *(
            Shot(f"compare-{view.lower()}", f"{pick}&view={view}")
            for view in ("Figures", "Curves", "Parameters", "Groups", "Confusions", "Pairs")
        ),
        Shot("tune", "tune"),
        Shot("mistakes", f"mistakes?run={several[-1]}"),
        Shot("solve", f"solve?from=Draw+one&model=models:/{model}@{CHAMPION}", _draw),
        Shot("data", "data"),
        Shot("data-balance", "data?look=Balance"),
        Shot("registry", f"registry?model={model}&version={version}"),
    ]


def _draw(page: Any) -> None:
    page.get_by_role("button", name="Draw me one").click()
    page.locator(".cl-strip").wait_for()
    page.get_by_text("What the network looked at").click()
    page.locator(".cl-heat").wait_for()


def take(page: Any, address: str, shot: Shot, path: Path) -> None:
    """Take one picture, as tall as the page is."""
    page.goto(address + shot.address)
    settled(page)
    if shot.first:
        shot.first(page)
    page.wait_for_timeout(1500)  # charts draw themselves after the script has ended
    width = page.viewport_size["width"]
    height = page.evaluate("() => document.querySelector('[data-testid=\"stMainBlockContainer\"]').scrollHeight")
    before = page.viewport_size
    page.set_viewport_size({"width": width, "height": max(before["height"], min(int(height) + 20, TALLEST_PX))})
    page.wait_for_timeout(400)
    page.screenshot(path=path)
    page.set_viewport_size(before)


def main() -> None:
    """Take all of them."""
    tracking = use_tracking()
    OUT.mkdir(exist_ok=True)
    with served(Path.cwd(), tracking) as (address, _):
        for width_px in WIDTHS_PX:
            for dark in (False, True):
                with opened(width_px, 844 if width_px < 600 else 800, dark) as page:
                    for shot in shots():
                        path = OUT / f"{shot.name}-{width_px}{'-dark' if dark else ''}.png"
                        take(page, address, shot, path)
                        print(path)


if __name__ == "__main__":
    try:
        main()
    except CaptchaError as error:
        sys.exit(f"Error: {error}")
