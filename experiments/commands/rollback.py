"""captchalab rollback: bring the previous champion back."""

from typing import Annotated

import typer

from experiments.terminal.options import Name


def rollback(
    name: Name,
    reason: Annotated[str, typer.Option(help="Why; kept in the history.")] = "",
) -> None:
    """Make the previous champion champion again, in one step; running servers follow within seconds.

    The champion that goes stays as previous, so a second rollback takes the first one back.
    """
    from captcha_core.registry.promotion import rollback as roll_back
    from captcha_core.registry.versions import PREVIOUS, version_behind
    from captcha_core.solver import Solver
    from captcha_core.tracking.connect import connect

    connect()
    if version_behind(name, PREVIOUS):
        Solver.load(f"models:/{name}@{PREVIOUS}")  # what cannot be loaded does not come back
    entry = roll_back(name, reason)
    print(f"{name} version {entry.to_version} is champion again (before: version {entry.from_version})")
