"""captchalab rerun: the same training once more."""

import json
from typing import Annotated

import typer

from experiments.terminal.options import Experiment, Format, check_format


def rerun(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Id of a finished training of this folder.")],
    experiment: Experiment = "",
    format: Format = "text",
) -> None:
    """Train again with a run's configuration, data and seed, and say what came out differently.

    The samples are checked by their digest first. What is left between the two is chance, the time that a budget in
    minutes bought, and the versions that are listed.
    """
    as_json = check_format(format)
    from captcha_core.workflows.rerun import rerun as train_again

    done = train_again(run)
    if as_json:
        print(json.dumps({"run": done.outcome.run_id, "figures": done.figures, "surroundings": done.surroundings}))
        return
    for name, (before, after) in done.figures.items():
        print(f"{name:<24}{before:.6g} -> {after:.6g}  ({after - before:+.6g})")
    for name, (was, now) in done.surroundings.items():
        print(f"{name:<24}{was} -> {now}")
    print(f"run {done.outcome.run_id}: {done.outcome.name} version {done.outcome.version}")
    print(f"sample by sample: captchalab compare {run} {done.outcome.run_id}")
