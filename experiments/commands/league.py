"""captchalab league: captcha generators of other people, measured by one table."""

import json
from pathlib import Path
from typing import Annotated

import typer

from experiments.terminal.options import Experiment, Format, Out, check_format


def league(
    out: Out,
    only: Annotated[list[str] | None, typer.Option(metavar="NAME", help="This generator; may be repeated.")] = None,
    setting: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="This setting, default or hardest; may be repeated.")
    ] = None,
    minutes: Annotated[
        float, typer.Option(help="Time of a training from the generator; 50 labels have half.", min=0.05)
    ] = 3.0,
    count: Annotated[int, typer.Option(help="Captchas that every reader reads.", min=20)] = 2000,
    labels: Annotated[bool, typer.Option(help="Train on 50 labels.")] = True,
    stream: Annotated[bool, typer.Option(help="Train with the generator in hand.")] = True,
    experiment: Experiment = "",
    output: Format = "text",
) -> None:
    """Measure how well captcha generators of other people are read, each in an environment of its own.

    Every generator is installed below DIR, with pinned versions, draws by its default and its hardest settings, and is
    read by the builtin reader, by ddddocr where that is installed, by a model of 50 labels and by one that learnt from
    the generator itself. DIR gets a table, a page and a file a row; what is there is not measured again. All trainings
    are runs below one of MLflow.
    """
    as_json = check_format(output)
    from experiments.league import report
    from experiments.league.rows import Bounds
    from experiments.league.run import run

    rows = run(Path(out), only or (), setting or (), Bounds(count, minutes, labels, stream))
    if as_json:
        for row in rows:
            print(json.dumps(row, ensure_ascii=False))
    else:
        print(report.markdown(rows), end="")
    raise typer.Exit(1 if any(row.get("fault") for row in rows) else 0)
