"""captchalab knobs: what each knob of a scheme does to a machine, as it is and after it has learnt it."""

import json
from pathlib import Path
from typing import Annotated

import typer

from experiments.terminal.options import Experiment, Format, check_format


def knobs(
    scheme: Annotated[str, typer.Option(help="Scheme whose knobs are turned.", show_default=False)],
    model: Annotated[
        str, typer.Option(help="Model that reads it; by default one is trained as the scheme's preset says.")
    ] = "",
    only: Annotated[str, typer.Option(metavar="NAMES", help="Knobs, with commas between; by default all.")] = "",
    minutes: Annotated[float, typer.Option(help="Training of each level; 0: the model as it is.", min=0)] = 0.5,
    seeds: Annotated[int, typer.Option(help="How often each level is learnt.", min=1)] = 2,
    hours: Annotated[float, typer.Option(help="Time that it may take.", min=0.001)] = 1.0,
    out: Annotated[str, typer.Option(metavar="DIR", help="Folder to write; by default knobs-SCHEME.")] = "",
    experiment: Experiment = "",
    output: Format = "text",
) -> None:
    """Turn the knobs of a scheme one at a time, and report what a machine reads then.

    Beside the model that stays as it is stands one that has learnt the level anew, for an attacker does. Typed once
    more, the command goes on: what is in the folder is not done again.
    """
    as_json = check_format(output)
    from captcha_core.assessment.knob_run import table_of, turn_knobs

    folder = Path(out or f"knobs-{scheme}")
    chosen = [name.strip() for name in only.split(",") if name.strip()]
    found = turn_knobs(scheme, folder, model=model, only=chosen, minutes=minutes, seeds=seeds, hours=hours)
    if as_json:
        print(json.dumps(found))
        return
    print(table_of(found))
    together = ", ".join(f"{name} {100 * effect:+.0f}" for name, effect in found["factorial"].items())
    if together:
        print(f"turned together, points of the fixed model: {together}")
