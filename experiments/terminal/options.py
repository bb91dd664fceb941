"""Options that several commands share. Empty and 0 mean "not given", so that MLproject can always pass them."""

import os
from typing import Annotated, Literal, cast

import typer

PresetName = Annotated[str, typer.Option(help="Preset: a name (see captchalab presets) or a YAML file.")]
Data = Annotated[str, typer.Option(metavar="DIR", help="Folder of a data set, made by generate or import.")]
Name = Annotated[str, typer.Option(help="Registered model.")]
NewName = Annotated[
    str, typer.Option("--name", help="Registered model; by default captcha-PRESET, without one captcha-FOLDER.")
]
Minutes = Annotated[float, typer.Option(help="Training time; 0: the preset's.", min=0)]
Model = Annotated[
    str,
    typer.Option(help="models:/NAME@ALIAS, models:/NAME/VERSION, runs:/ID or a bundle's folder.", show_default=False),
]
Out = Annotated[str, typer.Option(metavar="DIR", help="Folder to write.", show_default=False)]
SplitBy = Annotated[str, typer.Option(help="What decides the split: content, or text: no string is then in two.")]
Split = Annotated[str, typer.Option(help="Split of the data set.")]
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
