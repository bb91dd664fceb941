"""captchalab assess: who breaks a captcha, at what rate and cost, and what would make it harder."""

import json
from pathlib import Path
from typing import Annotated

import typer

from experiments.terminal.options import Experiment, Format, check_format


def assess(
    captcha: Annotated[
        str, typer.Argument(metavar="CAPTCHA", help="A scheme, a data set, or a folder or archive of labelled files.")
    ],
    hours: Annotated[float, typer.Option(help="Time that it may take, divided over the attackers.", min=0.001)] = 1.0,
    out: Annotated[str, typer.Option(metavar="DIR", help="Folder for the report; by default assess-CAPTCHA.")] = "",
    resume: Annotated[bool, typer.Option("--resume", help="Go on with what is in the folder.")] = False,
    processor_hour: Annotated[float, typer.Option(help="Price of a processor in dollars an hour.", min=0)] = 0.05,
    knobs: Annotated[bool, typer.Option(help="Also turn the knobs of a scheme.")] = True,
    experiment: Experiment = "",
    output: Format = "text",
) -> None:
    """Assess how hard a captcha is: attackers by what they pay, and a report with a verdict.

    Readers that need no label, readers that learn from 25 to 400 labels and more, and for a scheme one that learns
    from its generator. The report is report.html in the folder, the same as Markdown and JSON beside it, and a run in
    MLflow with a run for each attacker below it. After a kill --resume goes on; no attacker is tried twice.
    """
    as_json = check_format(output)
    from captcha_core.assessment.money import Prices
    from captcha_core.assessment.report import HTML
    from captcha_core.assessment.run import assess as run

    folder = Path(out or f"assess-{Path(captcha).resolve().name}")
    found = run(
        captcha, folder, hours=hours, resume=resume, prices=Prices(processor_hour=processor_hour), with_knobs=knobs
    )
    if as_json:
        print(json.dumps(found.as_dict(), ensure_ascii=False))
        return
    print(found.verdict.sentence)
    print(f"Change first: {found.verdict.change}")
    print(f"report: {folder / HTML}" + ("" if found.complete else " (incomplete: more --hours and --resume go on)"))
