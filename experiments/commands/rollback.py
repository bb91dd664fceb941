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
    from captcha_core.tracking.connect import connect
    from captcha_core.workflows.promote import restore_champion

    connect()
    entry = restore_champion(name, reason)
    print(f"{name} version {entry.to_version} is champion again (before: version {entry.from_version})")
