"""Options that several commands share. Empty and 0 mean "not given", so that MLproject can always pass them."""

from typing import Annotated

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
Split = Annotated[str, typer.Option(help="Split of the data set.")]
Format = Annotated[str, typer.Option(help="text, or json for programs.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A training setting, or options.KEY for the network's."),
]


def check_format(value: str) -> bool:
    """Return whether JSON is wanted."""
    if value not in ("text", "json"):
        raise typer.BadParameter(f"expected text or json, received {value!r}.", param_hint="--format")
    return value == "json"
