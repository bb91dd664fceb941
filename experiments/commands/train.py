"""captchalab train: fit a network inside an MLflow run and register what comes out."""

import sys
from functools import partial
from typing import Annotated

import typer

from experiments.terminal.options import (
    Data,
    Experiment,
    FromCommand,
    FromPython,
    Minutes,
    NewName,
    PresetName,
    ProgramMemory,
    ProgramSeconds,
    Settings,
    parse_settings,
    program_of,
)


def train(
    preset: PresetName = "",
    data: Data = "",
    network: Annotated[str, typer.Option(help="Network of the zoo; by default the preset's or one that fits.")] = "",
    name: NewName = "",
    minutes: Minutes = 0.0,
    settings: Settings = None,
    resume: Annotated[str, typer.Option(metavar="RUN", help="Go on with the run of this id.")] = "",
    tensorboard: Annotated[str, typer.Option(metavar="DIR", help="Also write TensorBoard logs here.")] = "",
    start_from: Annotated[
        str,
        typer.Option(
            metavar="MODEL", help="Take over this model's weights; --data alone: builtin; none: random weights."
        ),
    ] = "",
    letters: Annotated[
        str,
        typer.Option(
            metavar="DIR",
            help="Letters networks: learn from single letters instead, a data set of them or a folder for each "
            "character; --data is what they shall read.",
        ),
    ] = "",
    from_command: FromCommand = "",
    from_python: FromPython = "",
    program_seconds: ProgramSeconds = 20.0,
    program_memory: ProgramMemory = 2048,
    experiment: Experiment = "",
) -> None:
    """Train a network and register it: from a preset, from a data set, or from both; or from what a program draws.

    A preset brings its own data or draws a live stream; --data alone takes the specification from the data set and
    sensible defaults for the rest. The newest version gets the alias challenger; promote makes it champion.
    """
    command = program_of(from_command, from_python)
    from captcha_core.progress import console
    from captcha_core.sources.import_spec import SpecOverrides
    from captcha_core.sources.programs.probe import scheme_of_program
    from captcha_core.workflows.letter_case import in_case_of_pictures
    from captcha_core.workflows.train import train as train_network

    drawn = scheme_of_program(command, SpecOverrides(), program_seconds, program_memory) if command else None
    drawn = drawn and in_case_of_pictures(drawn, partial(print, file=sys.stderr))
    outcome = train_network(
        preset,
        data,
        network=network,
        name=name,
        minutes=minutes,
        settings=parse_settings(settings),
        start_from=start_from,
        letters=letters,
        resume=resume,
        tensorboard=tensorboard,
        program=drawn,
    )
    console.print(f"run {outcome.run_id}")
    print(f"{outcome.name} version {outcome.version}: exact match {outcome.report.exact_match}")
    if outcome.report.answers_match is not None:
        print(f"answers right: {outcome.report.answers_match}")
    for cause in outcome.causes:
        print(f"- {cause.sentence}")
    version = f"models:/{outcome.name}/{outcome.version}"
    print(
        f"next: captchalab solve FILE --model {version}, or captchalab promote --name {outcome.name}", file=sys.stderr
    )
