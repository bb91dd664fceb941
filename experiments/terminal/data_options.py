"""Options of the commands that write data sets."""

from typing import Annotated, Literal, cast

import typer

Out = Annotated[str, typer.Option(metavar="DIR", help="Folder to write.", show_default=False)]
SplitBy = Annotated[str, typer.Option(help="What decides the split: content, or text: no string is then in two.")]


def check_split_by(value: str) -> Literal["content", "text"]:
    """Return what decides the split of a sample."""
    if value not in ("content", "text"):
        raise typer.BadParameter(f"expected content or text, received {value!r}.", param_hint="--split-by")
    return cast("Literal['content', 'text']", value)
