"""Take a picture of every page of the dashboard, at the width of a laptop and of a phone, in light and in dark.

It serves the dashboard from the working folder, so what is in the pictures is what was trained here. Names on the
command line (``home``, ``compare``, ``solve-clip``) take only the pictures that begin with one of them.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from captcha_core.errors import CaptchaError
from captcha_core.registry.versions import CHAMPION
from captcha_core.tracking.connect import client, connect
from captcha_core.tracking.names import Kind, Metric, Param, Tag
from experiments.tools.browser import opened, served, settled

OUT = Path("screenshots")
WIDTHS_PX, SCHEMES = (1440, 390), ("light", "dark")
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
    runs = mine.search_runs(
        experiments, f"metrics.{Metric.TEST_EXACT_MATCH} > 0 and tags.`{Tag.KIND}` = '{Kind.TRAIN}'"
    )
    models = [one.name for one in mine.search_registered_models() if CHAMPION in one.aliases]
    if not runs or not models:
        raise CaptchaError("expected a champion to show, received none; run `make pipeline` first.")
    several = _most_varied([run for run in runs if Tag.PARENT not in run.data.tags])
    pick = f"compare?runs={','.join(several)}"
    images, clips = (_model(mine, models, media) for media in ("image", "audio"))
    version = mine.get_registered_model(images or models[0]).latest_versions[-1].version
    return [
        Shot("home", ""),
        Shot("runs", f"runs?run={several[0]}"),
        Shot("run", f"run?run={several[0]}"),
        *(
            Shot(f"run-{part.split()[-1].lower()}", f"run?run={several[0]}&part={part}")
            for part in ("What it reads", "Parameters", "Origin", "Resources", "Promote", "Notes")
        ),
        *(
            Shot(f"compare-{view.lower()}", f"{pick}&view={view}")
            for view in ("Figures", "Curves", "Parameters", "Groups", "Confusions", "Pairs", "Promote")
        ),
        Shot("tune", "tune?lines=true"),
        Shot("mistakes", f"mistakes?run={several[-1]}"),
        *([Shot("solve", f"solve?from=Draw&model=models:/{images}@{CHAMPION}", _draw)] if images else []),
        *([Shot("solve-clip", f"solve?from=Draw&model=models:/{clips}@{CHAMPION}", _speak)] if clips else []),
        *([Shot("solve-break", f"solve?from=Draw&model=models:/{images}@{CHAMPION}", _break)] if images else []),
        Shot("solve-many", f"solve?model=models:/{images}@{CHAMPION}", _many)
        if images
        else Shot("solve-files", "solve"),
        *(Shot(f"data-{look.lower()}", f"data?look={look}") for look in ("Samples", "Balance", "Repetitions", "Runs")),
        Shot("data-add", "data", _add),
        Shot("strength", "strength"),
        Shot("you", "you"),
        Shot("you-typing", "you", _type),
        Shot("label", "label"),
        Shot("label-all", "label?labels=All labels"),
        Shot("audit", "audit"),
        Shot("drift", "drift"),
        Shot("registry", f"registry?model={images or models[0]}&version={version}"),
    ]


def _most_varied(runs: Any) -> list[str]:
    """Return three runs of the preset that has most, those that read less first: there is more to see."""
    by_preset: dict[str, list[Any]] = {}
    for run in runs:
        by_preset.setdefault(run.data.tags.get(Tag.PRESET, ""), []).append(run)
    chosen = max(by_preset.values(), key=lambda some: (len(some), -some[0].data.metrics[Metric.TEST_EXACT_MATCH]))
    return [run.info.run_id for run in chosen[:3]]


def _model(mine: Any, models: list[str], media: str) -> str:
    """Return the first model whose champion reads such captchas, empty where there is none."""
    for name in models:
        run = mine.get_run(mine.get_model_version_by_alias(name, CHAMPION).run_id)
        if run.data.params.get(Param.MEDIA) == media:
            return name
    return ""


def _draw(page: Any) -> None:
    page.get_by_role("button", name="Draw one").click()
    page.locator(".cl-strip").wait_for()
    page.get_by_text("What the network looked at").click()
    page.locator(".cl-heat").wait_for()


def _speak(page: Any) -> None:
    page.get_by_role("button", name="Draw one").click()
    page.locator(".cl-clip").wait_for()


def _break(page: Any) -> None:
    page.get_by_role("button", name="Where does the model break?").click()
    page.locator(".js-plotly-plot").wait_for()


def _add(page: Any) -> None:
    page.get_by_text("Add a data set", exact=True).click()
    page.wait_for_timeout(500)


def _type(page: Any) -> None:
    page.get_by_text("Keep which ones I type right").click()
    page.get_by_role("button", name="Start").click()
    page.locator("input[data-turn]:focus").wait_for()


def _many(page: Any) -> None:
    """Hand in a pile of fresh captchas of all kinds of difficulty."""
    from captcha_core.sources.generate import draw_samples
    from captcha_core.sources.scheme import harder
    from captcha_core.sources.schemes import SCHEMES

    scheme = SCHEMES["digits4"]
    samples = [draw_samples(harder(scheme, 0.6 + 0.3 * index), index, range(1))[0] for index in range(9)]
    files = [
        {"name": f"captcha-{index}.png", "mimeType": "image/png", "buffer": sample.media}
        for index, sample in enumerate(samples, start=1)
    ]
    page.set_input_files("input[type=file]", files)
    page.locator(".cl-card").first.wait_for()


def take(page: Any, address: str, shot: Shot, folder: Path) -> list[Path]:
    """Take a picture in light and one in dark, as tall as the page is; return their files."""
    before, taken = page.viewport_size, []
    page.emulate_media(color_scheme=SCHEMES[0])
    page.goto(address + shot.address)
    settled(page)
    if shot.first:
        shot.first(page)
    page.wait_for_timeout(1500)  # charts draw themselves after the script has ended
    height = page.evaluate("() => document.querySelector('[data-testid=\"stMainBlockContainer\"]').scrollHeight")
    tall = max(before["height"], min(int(height) + 20, TALLEST_PX))
    page.set_viewport_size({"width": before["width"], "height": tall})
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(700)
        path = folder / f"{shot.name}-{before['width']}{'-dark' if scheme == 'dark' else ''}.png"
        page.screenshot(path=path)
        taken.append(path)
    page.set_viewport_size(before)
    return taken


def _wanted(every: list[Shot], names: list[str]) -> list[Shot]:
    return [shot for shot in every if not names or shot.name.startswith(tuple(names))]


def main() -> None:
    """Take all of them."""
    tracking = connect()
    OUT.mkdir(exist_ok=True)
    with served(Path.cwd(), tracking) as (address, _):
        for width_px in WIDTHS_PX:
            with opened(width_px, 844 if width_px < 600 else 800) as page:
                for shot in _wanted(shots(), sys.argv[1:]):
                    for path in take(page, address, shot, OUT):
                        print(path, flush=True)


if __name__ == "__main__":
    try:
        main()
    except CaptchaError as error:
        sys.exit(f"Error: {error}")
