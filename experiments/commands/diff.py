"""captchalab diff: what changed between two data sets, and which runs used which."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.terminal.options import Format, check_format

if TYPE_CHECKING:
    from captcha_core.dataset.difference import Difference
    from captcha_core.tracking.uses import Use


def diff(
    before: Annotated[str, typer.Argument(metavar="DATA", help="Folder of the older data set.")],
    now: Annotated[str, typer.Argument(metavar="DATA", help="Folder of the newer one.")],
    show: Annotated[int, typer.Option(help="Captchas to print of each kind; 0: all.", min=0)] = 10,
    format: Format = "text",
) -> None:
    """Show what changed from one data set to another: captchas added, gone, relabelled and moved; and their runs."""
    as_json = check_format(format)
    from dataclasses import asdict

    from captcha_core.dataset.difference import difference
    from captcha_core.dataset.store import Dataset
    from captcha_core.tracking.uses import uses_of

    old, new = Dataset.open(before), Dataset.open(now)
    found = difference(old, new)
    uses = [uses_of(one.digest) for one in (old, new)]
    if as_json:
        sides = [
            {"path": str(one.path), "digest": one.digest, "counts": one.counts, "runs": [asdict(use) for use in used]}
            for one, used in zip((old, new), uses, strict=True)
        ]
        print(json.dumps({"before": sides[0], "now": sides[1], **found.as_dict()}))
        return
    print("\n".join(_lines(found, show)))
    for dataset, used in zip((old, new), uses, strict=True):
        print("\n".join(_used(f"{dataset.path} ({dataset.digest[:12]})", used, show)))


def _lines(found: "Difference", show: int) -> Iterator[str]:
    yield f"{found.equal:,} captchas are the same in both"
    if found.specification:
        yield f"specification: {found.specification}"
    for name, rows in (("added", found.added), ("gone", found.gone)):
        yield f"{len(rows):,} {name}"
        yield from (
            f"  {identity[:12]}  {row[0]:<10}  {row[1] or '(no label)'}" for identity, row in rows[: show or None]
        )
    for name, changes in (("relabelled", found.relabelled), ("moved", found.moved)):
        yield f"{len(changes):,} {name}"
        for one in changes[: show or None]:
            place, text = (
                " -> ".join(dict.fromkeys(str(side) for side in pair)) for pair in zip(one.before, one.now, strict=True)
            )
            yield f"  {one.id[:12]}  {place:<10}  {text}"


def _used(name: str, uses: "list[Use]", show: int) -> Iterator[str]:
    yield f"runs of {name}: {len(uses):,}" if uses else f"no run used {name}"
    for use in uses[: show or None]:
        yield f"  {use.run_id}  {use.context:<10}  {use.name}" + (
            f", registered {use.registered}" if use.registered else ""
        )
