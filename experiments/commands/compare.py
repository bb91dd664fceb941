"""captchalab compare: models side by side."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from experiments.terminal.options import Data, Experiment, Format, Split, check_format

if TYPE_CHECKING:
    from collections.abc import Mapping

    from captcha_core.dataset.store import Dataset
    from captcha_core.evaluation.metrics import Proportion
    from captcha_core.evaluation.predictions import Predictions

FURTHER = {
    "character_error_rate": "character error rate {:.4f}",
    "expected_calibration_error": "expected calibration error {:.4f}",
    "latency_p50_ms": "latency p50 {:.2f} ms",
    "model_bytes": "model {:,.0f} bytes",
}


def compare(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN...", help="Run ids; with --data also models:/NAME@ALIAS, models:/NAME/VERSION and builtin."
        ),
    ],
    data: Data = "",
    split: Split = "test",
    experiment: Experiment = "",
    format: Format = "text",
) -> None:
    """Compare two or more models: exact match with intervals, McNemar's exact test, and by length and character.

    Without --data the predictions that the runs logged are compared, which have to be of the same samples. With it the
    models read the split in turns, and latency and size are compared too. The first one is what the others are held
    against.
    """
    as_json = check_format(format)
    if len(models) < 2:
        raise typer.BadParameter("expected at least two to compare.", param_hint="RUN...")
    from captcha_core.tracking.connect import connect

    connect()
    from pathlib import Path

    from captcha_core.dataset.store import Dataset
    from captcha_core.workflows.logged_reading import compare_logged

    dataset = Dataset.open(Path(data)) if data else None
    report = compare_logged(
        models, dataset, split, lambda: _read_anew(models, dataset, split) if dataset else _as_logged(models)
    )
    if as_json:
        print(json.dumps(report))
        return
    from captcha_core.evaluation.significance import chance

    for side in report["sides"]:
        low, high = side["exact_match_low"], side["exact_match_high"]
        print(f"{side['name']}")
        print(
            f"    exact match {side['exact_match']:.2%} (95 % interval {low:.2%} to {high:.2%}, n = {side['n']:,.0f})"
        )
        print("    " + "  ".join(text.format(side[key]) for key, text in FURTHER.items() if key in side))
    for pair in report["pairs"]:
        print(
            f"{pair['name']} against {report['sides'][0]['name']}: {pair['difference']:+.2%}, "
            f"reads {pair['gained']:,} that the other does not, misses {pair['lost']:,} that it reads, "
            f"McNemar {chance(pair['p_value'])}"
        )


def _read_anew(models: list[str], dataset: "Dataset", split: str) -> dict[str, Any]:
    from captcha_core.registry.versions import BUILTIN
    from captcha_core.solver import Solver
    from captcha_core.workflows.promote import read_side_by_side

    solvers = [
        (model, Solver.load(model if "/" in model or model == BUILTIN else f"runs:/{model}")) for model in models
    ]
    read = read_side_by_side(solvers, dataset, split)
    figures = [{"name": side.name, **side.figures} for side in read]
    return {"digest": dataset.digest, "split": split, **_paired(figures, [side.predictions for side in read])}


def _as_logged(models: list[str]) -> dict[str, Any]:
    from captcha_core.evaluation import metrics
    from captcha_core.tracking.runs import logged_predictions

    runs = [model.removeprefix("runs:/") for model in models]
    first, *others = [logged_predictions(run) for run in runs]
    predictions = [first, *(other.ordered_as(first) for other in others)]
    figures = [
        {"name": run, **metrics.headline(mine.truth, mine.read, mine.confidence)}
        for run, mine in zip(runs, predictions, strict=True)
    ]
    return {"digest": first.digest, **_paired(figures, predictions)}


def _paired(figures: list[dict[str, Any]], predictions: "list[Predictions]") -> dict[str, Any]:
    from captcha_core.evaluation import metrics
    from captcha_core.evaluation.significance import mcnemar, paired_difference

    first, pairs = predictions[0], []
    for side, mine in zip(figures[1:], predictions[1:], strict=True):
        test, difference = mcnemar(first.right, mine.right), paired_difference(first.right, mine.right)
        pairs.append(
            {
                "name": side["name"],
                "difference": difference.value,
                "at_least": difference.at_least,
                "gained": test.gained,
                "lost": test.lost,
                "p_value": test.p_value,
            }
        )
    return {
        "sides": figures,
        "pairs": pairs,
        "by_length": [_shares(metrics.exact_match_by_length(mine.truth, mine.read)) for mine in predictions],
        "by_character": [_shares(metrics.exact_match_by_character(mine.truth, mine.read)) for mine in predictions],
    }


def _shares(groups: "Mapping[Any, Proportion]") -> dict[str, Any]:
    return {str(key): share.as_dict() for key, share in groups.items()}
