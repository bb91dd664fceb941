"""captchalab promote: make a version the champion."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from experiments.terminal.options import Data, Format, Name, Split, check_format


def promote(
    name: Name,
    version: Annotated[str, typer.Option(help="Version number; by default the challenger.")] = "",
    data: Data = "",
    split: Split = "test",
    force: Annotated[bool, typer.Option("--force", help="Promote whatever the verdict is; needs --reason.")] = False,
    reason: Annotated[str, typer.Option(help="Why it is forced; kept in the history.")] = "",
    format: Format = "text",
) -> None:
    """Make a version champion if it is as good as the one there is; that one stays as previous.

    Both read the same data set in turns. The preset's rule decides: not worse with 95 % confidence, and neither much
    slower nor much larger. The exit code is 1 if the verdict is no. A first champion needs no comparison.
    """
    as_json = check_format(format)
    if force and not reason.strip():
        raise typer.BadParameter("--force needs a reason.", param_hint="--reason")
    from pathlib import Path

    from captcha_core.dataset.store import Dataset
    from captcha_core.errors import RegistryError
    from captcha_core.registry.lookup import open_registry
    from captcha_core.registry.versions import CHALLENGER, CHAMPION, version_behind
    from captcha_core.tracking.connect import connect
    from captcha_core.workflows.promote import compare_and_promote

    connect()
    chosen = version or version_behind(name, CHALLENGER)
    if not chosen:
        raise RegistryError(f"expected a version of {name} to promote, received none; train one first.")
    open_registry().by_version(name, chosen)
    former = version_behind(name, CHAMPION)
    if former not in (None, chosen) and not data and not force:
        raise RegistryError(
            f"expected a data set to compare version {chosen} of {name} with the champion, version {former}, received "
            "none; give --data DIR, or --force --reason TEXT."
        )
    outcome = compare_and_promote(
        name, chosen, Dataset.open(Path(data)) if data else None, split, reason if force else ""
    )
    if as_json:
        verdict = None if outcome.verdict is None else [asdict(reason) for reason in outcome.verdict.reasons]
        entry = None if outcome.entry is None else outcome.entry.model_dump()
        figures = None if outcome.comparison is None else outcome.comparison.figures()
        print(json.dumps({"promoted": entry is not None, "entry": entry, "verdict": verdict, "figures": figures}))
    else:
        if outcome.verdict is not None:
            print(outcome.verdict)
        if outcome.entry is not None:
            was = f" (before: version {outcome.entry.from_version})" if outcome.entry.from_version else ""
            print(f"{name} version {chosen} is champion{was}")
    raise typer.Exit(0 if outcome.entry is not None else 1)
