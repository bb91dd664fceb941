"""Options that several commands share, and their grammar. Empty and 0 mean "not given", for MLproject passes all."""

import os
import shlex
from collections.abc import Sequence
from typing import Annotated, Any, Literal, cast

import typer

from captcha_core.errors import SpecError

EXAMPLES = {"--set": "batch_size=32", "--space": "dropout=[0, 0.2]"}
PresetName = Annotated[str, typer.Option(help="Preset: a name (see captchalab presets) or a YAML file.")]
Data = Annotated[str, typer.Option(metavar="DIR", help="Folder of a data set, made by generate or import.")]
Name = Annotated[str, typer.Option(help="Registered model.")]
NEW_NAME = "Registered model; by default captcha-PRESET, without one captcha-FOLDER."
NewName = Annotated[str, typer.Option("--name", help=NEW_NAME)]
Minutes = Annotated[float, typer.Option(help="Training time; 0: the preset's.", min=0)]
Model = Annotated[
    str,
    typer.Option(
        help="builtin, models:/NAME@ALIAS, models:/NAME/VERSION, runs:/ID or a bundle's folder.", show_default=False
    ),
]
Out = Annotated[str, typer.Option(metavar="DIR", help="Folder to write.", show_default=False)]
SplitBy = Annotated[str, typer.Option(help="What decides the split: content, or text: no string is then in two.")]
ShortestText = Annotated[int, typer.Option(help="Shortest text.", min=0)]
LongestText = Annotated[int, typer.Option(help="Longest text.", min=0)]
Split = Annotated[str, typer.Option(help="Split of the data set.")]
Cluster = Annotated[
    str,
    typer.Option(
        metavar="ADDRESS",
        help="Work on a Ray cluster (local, auto, HOST:PORT) whose machines have captchalab and see the same folders.",
    ),
]
Format = Annotated[str, typer.Option("--format", help="text, or json for programs.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A training setting, or options.KEY for the network's."),
]


def _use_experiment(name: str) -> str:
    """Let every run of this process, and of those that it starts, be in an experiment."""
    if name:
        os.environ["MLFLOW_EXPERIMENT_NAME"] = name
    return name


Experiment = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="MLflow's experiment; by default MLFLOW_EXPERIMENT_NAME, else captchalab.",
        callback=_use_experiment,  # before the command runs, which need not look at it
    ),
]


FromCommand = Annotated[
    str,
    typer.Option(
        metavar="'PROGRAM ARGS'",
        help="Captchas that a program of somebody else's draws, asked in lines of JSON: see docs/programs.md.",
    ),
]
FromPython = Annotated[
    str,
    typer.Option(
        metavar="MODULE:FUNCTION",
        help="Captchas that a Python function draws, in a process of its own; also FILE.py:FUNCTION.",
    ),
]
ProgramSeconds = Annotated[float, typer.Option(help="Longest time for a captcha of that program.", min=0.01)]
ProgramMemory = Annotated[int, typer.Option(help="Most memory, in MB, that it may use.", min=16)]


def program_of(from_command: str, from_python: str) -> list[str]:
    """Return the command of a program that draws, empty where none is named."""
    if from_command and from_python:
        raise typer.BadParameter("expected one of the two, received both.", param_hint="--from-command")
    if from_python:
        from captcha_core.sources.programs.process import python_command

        return python_command(from_python)
    return shlex.split(from_command)


def check_format(value: str) -> bool:
    """Return whether JSON is wanted."""
    if value not in ("text", "json"):
        raise typer.BadParameter(f"expected text or json, received {value!r}.", param_hint="--format")
    return value == "json"


def check_split_by(value: str) -> Literal["content", "text"]:
    """Return what decides the split of a sample."""
    if value not in ("content", "text"):
        raise typer.BadParameter(f"expected content or text, received {value!r}.", param_hint="--split-by")
    return cast("Literal['content', 'text']", value)


def parse_settings(pairs: Sequence[str] | None, option: str = "--set") -> dict[str, Any]:
    """Return the values of KEY=VALUE pairs by key; of equal keys the last counts.

    Args:
        pairs: As the command line has them; the values are YAML.
        option: The option that they were given to, for messages.

    Raises:
        SpecError: If one is no such pair, or its value is no YAML.
    """
    return dict(_key_value(pair, option) for pair in pairs or ())


def _key_value(pair: str, option: str) -> tuple[str, Any]:
    import yaml

    key, equals, value = pair.partition("=")
    example = f"write for example {EXAMPLES[option]}."
    if not equals:
        raise SpecError(f"expected KEY=VALUE after {option}, received {pair!r}; {example}")
    try:
        return key.strip(), yaml.safe_load(value)
    except (yaml.YAMLError, ValueError, RecursionError):
        raise SpecError(
            f"expected a value in YAML for {key.strip()} after {option}, received {value[:80]!r}; {example}"
        ) from None
