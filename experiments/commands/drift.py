"""captchalab drift: is a served model still asked for the captchas that it was made for?"""

import json
from typing import Annotated

import typer

from experiments.terminal.options import Data, Format, Model, Split, check_format


def drift(
    model: Model,
    data: Data = "",
    split: Split = "test",
    live: Annotated[
        str, typer.Option(metavar="DIR", help="Folder in which captchalab serve keeps its histograms.")
    ] = "live",
    last: Annotated[int, typer.Option(help="Newest captchas to look at, at least.", min=20)] = 1000,
    alpha: Annotated[
        float, typer.Option(help="Probability under which captchas count as others.", min=1e-9, max=0.5)
    ] = 0.001,
    format: Format = "text",
) -> None:
    """Test whether live captchas are still those of the training: confidence, ink, detail, size, length.

    The server keeps small histograms of what it answers, and no captcha. They are held against what the model keeps of
    its own test captchas or, with --data, against a split of a data set that the model reads anew.
    """
    as_json = check_format(format)
    from pathlib import Path

    from captcha_core.workflows.drift import live_drift

    found = live_drift(model, Path(live), last, data, split)
    result = found.drift
    told = result.told(alpha)
    if as_json:
        facts = {name: getattr(found, name) for name in ("model", "version", "reference", "since", "until")}
        print(json.dumps({**facts, "drifted": told, "alpha": alpha, **result.as_dict()}))
        return
    print(f"{result.live:,} captchas from {found.since} to {found.until}")
    print(f"against {result.reference:,} of {found.reference}")
    for one in result.shifts:
        shift = f"{one.before} -> {one.now}"
        print(f"{one.measure:<12}p = {one.p_value:<10.2g}{shift}  ({one.distance:.1%} of them elsewhere)")
    verdict = "these are other captchas than those of the training" if told else "nothing says that they are others"
    print(f"{verdict}: p = {result.p_value:.2g}" + ("" if result.shifts else " (too few captchas to say)"))
