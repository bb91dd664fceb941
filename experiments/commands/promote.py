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
    margin: Annotated[
        float, typer.Option(help="Loss of exact match that still counts as not worse; 0: the preset's.", min=0, max=0.5)
    ] = 0.0,
    force: Annotated[bool, typer.Option("--force", help="Promote whatever the verdict is; needs --reason.")] = False,
    reason: Annotated[str, typer.Option(help="Why it is forced; kept in the history.")] = "",
    format: Format = "text",
) -> None:
    """Make a version champion if it is as good as the one there is; that one stays as previous.

    Both read the same data set in turns. The preset's rule decides: not worse with 95 % confidence, and neither much
    slower nor much larger. The exit code is 1 if the verdict is no. A first champion needs no comparison,
    but has to read something.
    """
    as_json = check_format(format)
    if force and not reason.strip():
        raise typer.BadParameter("--force needs a reason.", param_hint="--reason")
    from pathlib import Path

    from captcha_core.dataset.store import Dataset
    from captcha_core.tracking.connect import connect
    from captcha_core.workflows.promote import compare_and_promote

    connect()
    dataset = Dataset.open(Path(data)) if data else None
    outcome = compare_and_promote(name, version, dataset, split, reason if force else "", margin=margin or None)
    entry, judgement = outcome.entry, outcome.judgement
    if as_json:
        verdict = None if judgement is None else [asdict(reason) for reason in judgement.verdict.reasons]
        figures = None if judgement is None else judgement.figures
        promoted = None if entry is None else entry.model_dump()
        print(json.dumps({"promoted": entry is not None, "entry": promoted, "verdict": verdict, "figures": figures}))
    else:
        if judgement is not None:
            print(judgement.verdict)
        if entry is not None:
            was = f" (before: version {entry.from_version})" if entry.from_version else ""
            print(f"{name} version {outcome.version} is champion{was}")
    raise typer.Exit(0 if entry is not None else 1)
