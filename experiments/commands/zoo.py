"""captchalab zoo: public sets of labelled captchas by name."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.terminal.options import Experiment, Format, check_format

if TYPE_CHECKING:
    from captcha_core.evaluation.metrics import Proportion
    from captcha_core.sources.public_sets import Likeness
    from captcha_core.workflows.public_sets import Row


def zoo(
    action: Annotated[
        str, typer.Argument(metavar="list|check|benchmark", help="What to do; the last two want folders.")
    ],
    folders: Annotated[list[str] | None, typer.Argument(metavar="FOLDER...", help="Where sets lie.")] = None,
    minutes: Annotated[
        float, typer.Option(help="benchmark: training after 50 labels, and again after all; 0: none.", min=0)
    ] = 2.0,
    experiment: Experiment = "",
    format: Format = "text",
) -> None:
    """List public sets of labelled captchas, check which one lies in a folder, or read them side by side.

    Nothing is shipped or downloaded: get a set from its repository, under its licence. benchmark holds 30 % of each set
    back and reads them with the builtin reader, after 50 labels, after all labels, and with ddddocr where it is
    installed; case folded. Trainings are MLflow runs.
    """
    as_json = check_format(format)
    if action not in ("list", "check", "benchmark"):
        raise typer.BadParameter(f"expected list, check or benchmark, received {action!r}.", param_hint="ACTION")
    if action == "list":
        _list(as_json)
        return
    if not folders:
        raise typer.BadParameter("expected the folder of a set, received none.", param_hint="FOLDER")
    places = [Path(folder) for folder in folders]
    if action == "check":
        _check(places, as_json)
    else:
        _benchmark(places, minutes, as_json)


def _list(as_json: bool) -> None:
    from dataclasses import asdict

    from captcha_core.sources.public_sets import SETS

    if as_json:
        print(json.dumps([asdict(one) for one in SETS]))
        return
    for one in SETS:
        print(f"{one.name:<15}{one.about}; labels: {one.labels}")
        print(f"{'':<15}https://github.com/{one.repository} ({one.licence}); {one.files:,} files measured")
        for fault in one.faults:
            print(f"{'':<15}known: {fault}")


def _check(folders: Sequence[Path], as_json: bool) -> None:
    from captcha_core.sources.public_sets import recognise

    found = {str(folder): recognise(folder) for folder in folders}
    if as_json:
        rows = {
            name: [{"set": one.known.name, "exact": one.exact, "fitting": one.fitting} for one in likely]
            for name, likely in found.items()
        }
        print(json.dumps(rows))
    else:
        print("\n".join(line for name, likely in found.items() for line in _likely(name, likely)))
    if not all(found.values()):
        raise typer.Exit(1)


def _likely(name: str, likely: "Sequence[Likeness]") -> Iterator[str]:
    if not likely:
        yield f"{name}: none of the sets that captchalab zoo list names"
        return
    best = likely[0]
    if best.exact:
        yield f"{name}: {best.known.name}, byte for byte the {best.files:,} files that were measured"
    else:
        yield (
            f"{name}: looks like {best.known.name} ({best.fitting:.0%} of {best.files:,} files named and sized so), "
            f"but not the {best.known.files:,} files that were measured"
        )
    yield from (f"  known: {fault}" for fault in best.known.faults)


def _benchmark(folders: Sequence[Path], minutes: float, as_json: bool) -> None:
    from captcha_core.workflows.public_sets import FEW, benchmark_sets

    rows = []
    if not as_json:
        print(f"{'set':<16}{'n':>5}{'builtin':>10}{f'{FEW} labels':>11}{'all labels':>12}{'ddddocr':>10}")
    for row in benchmark_sets(folders, minutes):
        rows.append(row.as_dict())
        if not as_json:
            print(_line(row), flush=True)
    if as_json:
        print(json.dumps(rows))


def _line(row: "Row") -> str:
    return (
        f"{row.name:<16}{row.n:>5}{_share(row.builtin):>10}{_share(row.few):>11}{_share(row.every):>12}"
        f"{_share(row.ddddocr):>10}"
    )


def _share(one: "Proportion | None") -> str:
    return "-" if one is None else f"{one.value:.1%}"
