"""captchalab audit: what may be wrong with a data set, worst first."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.terminal.options import Experiment, Format, check_format

if TYPE_CHECKING:
    from captcha_core.dataset.store import Dataset


def audit(
    data: Annotated[str, typer.Argument(metavar="DATA", help="Folder of a data set.")],
    out: Annotated[str, typer.Option(metavar="HTML", help="Also write a sheet with pictures, one file.")] = "",
    reader: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Who reads the labels' captchas: builtin, folds (readers trained on the other folds), none, or a "
            "model that never saw the set; auto: builtin where it reads the set well, else folds.",
        ),
    ] = "auto",
    folds: Annotated[int, typer.Option(help="Readers to train, each on all folds but its own.", min=2, max=20)] = 3,
    minutes: Annotated[float, typer.Option(help="Training of each reader.", min=0.05)] = 2.0,
    interval: Annotated[
        float, typer.Option(help="Half width that the 95 % interval of a test figure may have.", min=0.001, max=0.5)
    ] = 0.03,
    show: Annotated[int, typer.Option(help="Findings to print; 0: all.", min=0)] = 30,
    fix: Annotated[
        str,
        typer.Option(
            metavar="DIR",
            help="Write the data set with the corrections of its label log (given on the dashboard's Audit page) as a "
            "new one here; the old stays.",
        ),
    ] = "",
    experiment: Experiment = "",
    format: Format = "text",
) -> None:
    """Find what may be wrong with a data set: labels, near-twins, texts in two splits, rare characters, odd pictures.

    Near-twins are looked for among pictures; of clips only equal files are found.
    A label counts as probably wrong where a reader that never saw the captcha holds another text for at least twenty
    times likelier. The list is an MLflow run of its own. --fix writes corrections and audits nothing.
    """
    as_json = check_format(format)
    from captcha_core.dataset.store import Dataset

    dataset = Dataset.open(data)
    if fix:
        _fix(dataset, Path(fix), as_json)
        return
    from captcha_core.audit.finding import MEANING, counts
    from captcha_core.audit.sheet import lines
    from captcha_core.workflows.audit import AuditOptions, audit_logged
    from captcha_core.workflows.fold_readers import Folds

    found = audit_logged(dataset, AuditOptions(reader, Folds(folds, minutes), interval))
    if out:
        found.write_sheet(Path(out))
    if as_json:
        print(json.dumps(found.as_dict()))
        return
    print("\n".join(lines(found.findings, show)))
    print(f"{len(found.findings):,} findings in {sum(dataset.counts.values()):,} captchas of {data}")
    for kind, count in counts(found.findings).items():
        print(f"{count:>7,}  {MEANING[kind]}")
    share = "" if found.read_share is None else f" (agrees with {found.read_share:.1%} of the labels)"
    print(f"labels read by: {found.reader}{share}")
    if out:
        print(f"sheet: {out}")


def _fix(dataset: "Dataset", out: Path, as_json: bool) -> None:
    from captcha_core.dataset.labelling import rebuild
    from captcha_core.dataset.labels import LOG, LabelLog
    from captcha_core.errors import DataError

    if not any(label.text for label in LabelLog.of(dataset.path, dataset.spec).read()[0]):
        raise DataError(
            f"expected corrections in {dataset.path / LOG}, received none; give some on the dashboard's Audit page."
        )
    built = rebuild(dataset, out)
    facts = {"path": str(out), "counts": built.counts, "digest": built.digest, "from": dataset.digest}
    print(json.dumps(facts) if as_json else f"{sum(built.counts.values()):,} captchas in {out}, digest {built.digest}")
