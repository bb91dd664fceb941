"""captchalab promote: make a version the champion."""

from typing import Annotated

import typer

from experiments.options import Name


def promote(
    name: Name,
    version: Annotated[str, typer.Option(help="Version number; by default the challenger.")] = "",
) -> None:
    """Move the alias champion to a version; the former champion stays as previous."""
    from captcha_core.errors import RegistryError
    from captcha_core.registry.runs import use_tracking
    from captcha_core.registry.versions import CHALLENGER, set_champion, version_behind
    from captcha_core.solver import Solver

    use_tracking()
    chosen = version or version_behind(name, CHALLENGER)
    if not chosen:
        raise RegistryError(f"expected a version of {name} to promote, received none; train one first.")
    Solver.load(f"models:/{name}/{chosen}")  # what cannot be loaded never becomes champion
    former = set_champion(name, chosen)
    was = f" (before: version {former})" if former and former != chosen else ""
    print(f"{name} version {chosen} is champion{was}")
